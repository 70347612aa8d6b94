//! Topics of a Kafka broker.

mod avro;
mod broker;
mod command;
mod driver;
mod login;
mod oauth;
mod resume;
mod topics;
mod traps;
