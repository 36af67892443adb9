//! The program from outside: the real binary on films and on what is none.

#[cfg(test)]
mod api;
#[cfg(test)]
mod api_accounts;
#[cfg(test)]
mod api_docs;
#[cfg(test)]
mod api_lists;
#[cfg(test)]
mod api_predictions;
#[cfg(test)]
mod api_problems;
#[cfg(test)]
mod api_statistics;
#[cfg(test)]
mod around;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod clahe;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod evaluate;
#[cfg(test)]
mod films;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod predict;
#[cfg(test)]
mod process;
#[cfg(test)]
mod program;
#[cfg(test)]
mod render;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
#[path = "../../../thorax-store/tests/it/servers.rs"]
mod servers;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod site;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod web_caches;
#[cfg(test)]
mod web_costs;
#[cfg(test)]
mod web_journeys;
#[cfg(test)]
mod web_policy;
#[cfg(test)]
mod web_search;
#[cfg(test)]
mod web_sign_in;
#[cfg(test)]
mod web_toolbar;
#[cfg(test)]
mod web_world;
#[cfg(test)]
mod workers;
