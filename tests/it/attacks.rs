//! What is sent by anybody who means no good. Each test is named by the number of its attack.

mod bounds;
mod deals;
mod framing;
mod operators;
mod outside;
mod signing_in;
mod strangers;
