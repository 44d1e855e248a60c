//! Skeleton.
pub mod corpus;
