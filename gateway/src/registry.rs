//! Which nodes there are, what they are called, where they stand and how they prove who they are.
