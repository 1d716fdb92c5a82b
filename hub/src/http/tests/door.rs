//! The door, asked as a browser asks.
