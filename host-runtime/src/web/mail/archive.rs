//! All files of a message as one archive, made while it is sent: nothing is held but what is on its way.

use std::collections::HashSet;
use std::io::{self, Write};

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use host_store::{BlobStream, Caller};
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, result::ZipError};

use super::MailCaller;
use crate::web::AppState;
use crate::web::download;
use crate::web::extract::Path;
use crate::web::problem::{Problem, Result};

/// Pieces on their way between two steps: of at most 1 MiB each.
const PIECES: usize = 4;
/// Sent at once.
const CHUNK: usize = 64 << 10;
/// An entry above this needs the format's long form.
const LARGE: u64 = u32::MAX as u64;

/// What goes into the archive, in order.
enum Piece {
    /// Begins a file of so many bytes.
    File(String, u64),
    Bytes(Bytes),
}

/// All files of a message as one ZIP archive, without what is shown inside its text.
#[utoipa::path(
    get, path = "/api/mail/messages/{id}/attachments.zip", tag = "mail", params(("id" = String, Path, description = "Message")),
    responses((status = 200, description = "The archive", content_type = "application/zip"))
)]
pub(super) async fn archive(
    State(state): State<AppState>,
    caller: MailCaller,
    Path(id): Path<String>,
) -> Result<Response> {
    let message = caller.message(id.clone()).await?;
    let files: Vec<_> = message
        .attachments
        .into_iter()
        .filter(|file| !file.inline)
        .collect();
    if files.is_empty() {
        return Err(Problem::not_found("file in this message"));
    }
    let whose = Caller {
        plugin: caller.plugin().to_owned(),
        user: Some(caller.user().to_owned()),
        fences: Vec::new(),
    };
    let names = unique(files.iter().map(|file| file.name.as_str()));
    // All of them first: what can't be fetched is told before the archive begins, because after that nobody can be told.
    let mut contents = Vec::with_capacity(files.len());
    for (file, name) in files.into_iter().zip(names) {
        let download = caller.attachment(id.clone(), file.id).await?;
        let (size, content) = state.store().blobs().stream(&whose, &download.blob).await?;
        contents.push((name, size, content));
    }
    let subject = match message.subject.trim() {
        "" => "attachments",
        subject => subject,
    };
    Ok(download::made_on_the_way(
        &format!("{subject}.zip"),
        "application/zip",
        stream(contents),
    ))
}

/// The archive's bytes. Whoever stops reading stops the rest.
fn stream(
    contents: Vec<(String, u64, BlobStream)>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (pieces, taken) = mpsc::channel(PIECES);
    let (made, mut bytes) = mpsc::channel(PIECES);
    tokio::spawn(feed(contents, pieces));
    // The library writes and computes checksums without waiting.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(taken, made.clone()) {
            // A body that breaks off is how a reader learns that the archive is not whole.
            let _ = made.blocking_send(Err(error));
        }
    });
    futures::stream::poll_fn(move |context| bytes.poll_recv(context))
}

async fn feed(contents: Vec<(String, u64, BlobStream)>, pieces: mpsc::Sender<io::Result<Piece>>) {
    for (name, size, content) in contents {
        let begin = futures::stream::once(async move { Ok(Piece::File(name, size)) });
        let content = content.map_ok(Piece::Bytes).map_err(io::Error::other);
        let mut all = std::pin::pin!(begin.chain(content));
        while let Some(piece) = all.next().await {
            let broken = piece.is_err();
            if pieces.send(piece).await.is_err() || broken {
                return;
            }
        }
    }
}

fn write(
    mut pieces: mpsc::Receiver<io::Result<Piece>>,
    made: mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut archive: ZipWriter<StreamWriter<Sending>> = ZipWriter::new_stream(Sending {
        made,
        buffer: Vec::with_capacity(CHUNK),
    });
    let other = |error: ZipError| io::Error::other(error);
    while let Some(piece) = pieces.blocking_recv() {
        match piece? {
            Piece::File(name, size) => {
                // Attachments are mostly packed already.
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Stored)
                    .large_file(size >= LARGE);
                archive.start_file(name, options).map_err(other)?;
            }
            Piece::Bytes(bytes) => archive.write_all(&bytes)?,
        }
    }
    archive.finish().map_err(other)?.into_inner().flush()
}

/// Hands on what is written, in pieces that are worth it.
struct Sending {
    made: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        self.made
            .blocking_send(Ok(bytes))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

/// Names that differ from each other also where case makes no difference, and lead nowhere but into the folder that is unpacked to.
fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut found = Vec::new();
    for name in names {
        let clean: String = name
            .chars()
            .map(|c| {
                if c.is_control() || matches!(c, '/' | '\\' | ':') {
                    '_'
                } else {
                    c
                }
            })
            .collect();
        let clean = match clean.trim().trim_matches('.') {
            "" => "file",
            clean => clean,
        };
        let (stem, end) = match clean.rsplit_once('.') {
            Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
            _ => (clean, String::new()),
        };
        let mut name = clean.to_owned();
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{stem} ({number}){end}");
            number += 1;
        }
        found.push(name);
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_differ_and_lead_nowhere() {
        let names = ["a.txt", "A.TXT", "a.txt", "../../x", "..", "", "b"];
        assert_eq!(
            unique(names.into_iter()),
            [
                "a.txt",
                "A (2).TXT",
                "a (3).txt",
                "_.._x",
                "file",
                "file (2)",
                "b"
            ]
        );
    }

    #[tokio::test]
    async fn what_is_streamed_is_an_archive_with_every_byte() {
        let content = |parts: &[&'static str]| -> BlobStream {
            let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::from(*part))).collect();
            futures::stream::iter(parts).boxed()
        };
        let contents = vec![
            ("отчёт.txt".to_owned(), 10, content(&["hello", "world"])),
            ("empty".to_owned(), 0, content(&[])),
        ];
        let pieces: Vec<Bytes> = stream(contents).try_collect().await.unwrap();
        let mut archive = zip::ZipArchive::new(io::Cursor::new(pieces.concat())).unwrap();
        let read = |archive: &mut zip::ZipArchive<_>, name: &str| {
            io::read_to_string(archive.by_name(name).unwrap()).unwrap()
        };
        assert_eq!(read(&mut archive, "отчёт.txt"), "helloworld");
        assert_eq!(read(&mut archive, "empty"), "");
    }
}
