//! From labelled scores to risk: what a threshold would have done.
