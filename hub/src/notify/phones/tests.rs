//! Phones over a real file.
