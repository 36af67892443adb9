//! The store from outside: the same tests on SQLite and PostgreSQL, in memory and on Redis.

#[cfg(test)]
mod blobs;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod copying;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod databases;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod people;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod results;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod story;
#[cfg(test)]
mod sums;
#[cfg(test)]
mod world;
