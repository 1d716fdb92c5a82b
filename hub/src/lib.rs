//! The hub: knows which looks are due, keeps the ledger, shows what needs a person.

pub mod agreement;
pub mod audit;
pub mod broker;
pub mod certificates;
pub mod commission;
pub mod config;
pub mod consent;
pub mod demo;
pub mod dispatch;
pub mod enrolment;
pub mod exception;
pub mod http;
pub mod ingest;
pub mod keys;
pub mod labels;
pub mod live;
pub mod nights;
pub mod notify;
pub mod outside;
pub mod plan_b;
pub mod roster;
pub mod serve;
pub mod service;
pub mod settings;
pub mod staff;
pub mod store;
pub mod tuning;
pub mod units;
pub mod view;
pub mod watch;

mod private_file;
mod tls;
