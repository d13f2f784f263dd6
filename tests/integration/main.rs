
mod samples;
