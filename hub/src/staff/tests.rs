//! Staff, their PINs and their sessions, in a real file.
