//! The program from outside: the real binary on films and on what is none.

#[cfg(test)]
mod batch;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod clahe;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod films;
#[cfg(test)]
mod predict;
#[cfg(test)]
mod program;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod tidy;
