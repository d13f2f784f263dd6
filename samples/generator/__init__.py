"""Writes the logs of the samples: invented, but shaped as AWS writes them."""
