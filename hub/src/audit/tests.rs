//! The log in a real file: what it takes, and what a hand in the file leaves behind.
