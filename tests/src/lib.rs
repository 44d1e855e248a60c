//! Tests of the whole: the real component in the real host against the provider fakes.
