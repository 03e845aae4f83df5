//! A history in files: what `comanda events --save` writes, a line for each entry of a journal and for each event.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::{contract::time::Time, engine::journal::Entry};

use super::PAGE;
use crate::developer::{SERVICES, note, progress::Progress};

/// What files hold of one service, by position.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    pub(super) told: BTreeMap<i64, Entry>,
    pub(super) said: BTreeMap<i64, String>,
}

/// A line of a file: an entry of a journal, or an event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) service: String,
    pub(super) position: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) said: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<Box<RawValue>>,
}

/// Adds what it holds to the pasts, by service.
pub(super) async fn read(path: &Path, pasts: &mut HashMap<&'static str, Saved>, progress: &Progress) -> Result<()> {
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let (mut reader, mut text) = (BufReader::new(file), Vec::new());
    for number in 1.. {
        let at = || format!("{} line {number}", path.display());
        text.clear();
        if reader.read_until(b'\n', &mut text).with_context(at)? == 0 {
            break;
        }
        progress.advance(text.len());
        let line: Line = match serde_json::from_slice(&text) {
            // Wherever it was cut off, it is a history.
            Err(error) if error.is_eof() && !text.ends_with(b"\n") => {
                note(&format!("{} is cut off in the middle of line {number}, which is left out", path.display()));
                break;
            }
            line => line.with_context(|| format!("{} is none of a history", at()))?,
        };
        let service = SERVICES.iter().find(|(service, _)| *service == line.service);
        let (service, _) = service.with_context(|| format!("{}: there is no service {}", at(), line.service))?;
        pasts.entry(service).or_default().add(line).with_context(at)?;
        if number % PAGE == 0 {
            // Nobody could end it otherwise.
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

impl Saved {
    fn add(&mut self, line: Line) -> Result<()> {
        let position = line.position;
        let is_same = match line {
            Line { event: Some(event), .. } => {
                let event = String::from(event.get());
                *self.said.entry(position).or_insert_with(|| event.clone()) == event
            }
            Line { at: Some(at), said: Some(said), told: Some(told), .. } => {
                let entry = Entry { position, at, said, doc: told.get().into() };
                *self.told.entry(position).or_insert_with(|| entry.clone()) == entry
            }
            _ => bail!("neither an event nor an entry of a journal"),
        };
        ensure!(is_same, "position {position} is another in an earlier line: these are two histories");
        Ok(())
    }
}
