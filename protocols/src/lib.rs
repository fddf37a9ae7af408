//! Wire formats that node and gateway share.
#![no_std]
