//! The file of an SQLite database, which is one process's own, and must stay where it was opened.

use std::{
    fs::{DirBuilder, File, Metadata, TryLockError},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use super::FilesGone;

/// Held as long as the database is open: one process a file.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    /// Where the database keeps what was committed last.
    wal: PathBuf,
    /// Of the file that is open. As long as it is, no other file has both.
    device_and_inode: (u64, u64),
    _lock: File,
}

/// The path in an `sqlite:` URL, locked, with its directory made. Opened later, see [`Locked::opened`].
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) path: PathBuf,
    lock: File,
}

impl Locked {
    pub(super) fn at(path: &str) -> Result<Self> {
        let path = PathBuf::from(path);
        ensure!(path.file_name().is_some_and(|name| name != ":memory:"), "sqlite: needs the path of a file");
        if let Some(directory) = path.parent().filter(|directory| *directory != Path::new("")) {
            // Orders are nobody else's to read.
            let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
            made.with_context(|| format!("create the directory {}", directory.display()))?;
        }
        let path = resolved(&path).with_context(|| format!("find {}", path.display()))?;
        let lock_path = path.with_added_extension("lock");
        let lock = File::create(&lock_path).with_context(|| format!("create {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("{} is in use, by another process or for another URL of this one", path.display())
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", lock_path.display())),
        }
    }

    /// Once the database is open.
    pub(super) fn opened(self) -> Result<OpenFile> {
        let found = self.path.metadata().with_context(|| format!("find {}", self.path.display()))?;
        let mut wal = self.path.clone().into_os_string();
        wal.push("-wal");
        let device_and_inode = identity(&found);
        Ok(OpenFile { path: self.path, wal: wal.into(), device_and_inode, _lock: self.lock })
    }
}

impl OpenFile {
    /// Files can be removed or replaced while they are open, and writing to them goes on as if nothing had happened.
    pub(super) fn check(&self) -> Result<(), FilesGone> {
        let is_there = self.path.metadata().is_ok_and(|found| identity(&found) == self.device_and_inode);
        if is_there { Ok(()) } else { Err(FilesGone) }
    }

    /// As [`OpenFile::check`], once something was written: what was is in a file beside it.
    pub(super) fn check_written(&self) -> Result<(), FilesGone> {
        self.check()?;
        if self.wal.exists() { Ok(()) } else { Err(FilesGone) }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The file itself, where links lead to it: two paths to one file are one file.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    match path.canonicalize() {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
            let directory = path.parent().filter(|directory| *directory != Path::new("")).unwrap_or(Path::new("."));
            Ok(directory.canonicalize()?.join(path.file_name().unwrap_or_default()))
        }
        found => found,
    }
}
