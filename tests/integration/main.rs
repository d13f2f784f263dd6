//! What the whole program does, from the outside.

mod samples;
