"""One module for each sample; each has a function `files` that gives file names and bytes."""
