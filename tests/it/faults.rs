//! What goes wrong on purpose. Each test is named by the number of its fault.

mod process;
mod restarts;
