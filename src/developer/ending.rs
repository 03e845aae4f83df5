//! How a command ends: with what it found out, or before its end, by a signal or because nobody reads what it says. Then it
//! leaves nothing half done.

use std::{fmt, process::ExitCode};

use anyhow::Result;
use shared::process::host;
use tokio::signal::unix::{SignalKind, signal};

/// A signal came before the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted {
    signal: u8,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Whoever read standard output has gone.
#[derive(Debug)]
pub(super) struct NobodyReads;

impl fmt::Display for NobodyReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads what is said")
    }
}

impl std::error::Error for NobodyReads {}

/// Until somebody asks the command to end: Ctrl-C, or whoever started it.
pub(super) async fn interrupted() -> Interrupted {
    let mut terminate = signal(SignalKind::terminate()).expect("the runtime handles signals");
    tokio::select! {
        _ = terminate.recv() => Interrupted { signal: 15 },
        _ = tokio::signal::ctrl_c() => Interrupted { signal: 2 },
    }
}

/// What comes of the work, or of a signal: then the work is dropped where it is, and with it whatever it has begun.
pub(super) async fn interruptible<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        // It listens before anything is begun: a signal that comes earlier ends the process, which leaves nothing.
        biased;
        signal = interrupted() => Err(signal.into()),
        done = work => done,
    }
}

/// How a command ends; `true` where all is as it should be.
pub(super) fn ended(command: Result<bool>) -> ExitCode {
    let error = match command {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => return ExitCode::FAILURE,
        Err(error) => error,
    };
    if let Some(Interrupted { signal }) = error.downcast_ref() {
        // As of a process that the signal ends.
        return ExitCode::from(128 + signal);
    }
    if error.is::<NobodyReads>() {
        return ExitCode::SUCCESS;
    }
    host::refuse("comanda", &error)
}
