//! The other ways in, with the real program and real peers: Mosquitto, and pairs of pseudo-terminals.

mod broker;
mod broker_disk;
mod broker_doors;
mod decode;
mod gateway;
mod mosquitto;
mod serial;
