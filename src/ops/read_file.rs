//! `read_file` on a node.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fazt_tools::{
    Caller, Code, Handler, Problem,
    read_file::{Encoding, Input, Output, ReadFile},
};

use super::{list_files::chosen, storage_problem};
use crate::{apps::site::media, node::Node, store::BlobRef};

const PIECE: u64 = 64 << 10;
const PIECE_MAX: u64 = 256 << 10;

impl Handler<ReadFile> for Node {
    async fn handle(&self, _: &Caller, input: Input) -> Result<Output, Problem> {
        let limit = match input.limit {
            None => PIECE,
            Some(limit @ 1..=PIECE_MAX) => limit,
            Some(_) => {
                return Err(Problem::invalid(
                    "limit",
                    format!("give a number from 1 to {PIECE_MAX}"),
                ));
            }
        };
        let app = self.find_app(&input.app).await?;
        let version = chosen(&app, input.version)?;
        let files = self.files_of(&app, version).await?;
        let path = input.path.trim_start_matches('/');
        let Some(file) = files.iter().find(|file| file.path == path) else {
            let known = files.iter().map(|file| file.path.as_str());
            let problem = Problem::missing(Code::FileNotFound, "file", path, known);
            let list = format!("`fazt files {} --version {version}` lists them", app.name);
            return Err(if problem.hint.is_some() { problem } else { problem.hint(list) });
        };
        let start = input.offset.unwrap_or(0).min(file.blob.size);
        let mut end = (start + limit).min(file.blob.size);
        let bytes = self.read_range(file.blob, start, end).await?;
        let (encoding, content) = match text_in(&bytes, end == file.blob.size) {
            Some(text) => {
                end = start + text.len() as u64;
                (Encoding::Utf8, text.to_owned())
            }
            None => (Encoding::Base64, STANDARD.encode(&bytes)),
        };
        Ok(Output {
            app: app.name,
            version,
            path: file.path.clone(),
            size: file.blob.size,
            content_type: media::content_type(&file.path).into_owned(),
            encoding,
            content,
            next_offset: (end < file.blob.size).then_some(end),
        })
    }
}

impl Node {
    async fn read_range(&self, blob: BlobRef, start: u64, end: u64) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let mut at = start;
        while at < end {
            let piece =
                self.store.blob_piece(blob.id, at).await.map_err(|e| storage_problem(&e))?;
            let Some(piece) = piece else { break };
            let take = usize::try_from(end - at).unwrap_or(usize::MAX).min(piece.len());
            bytes.extend_from_slice(&piece[..take]);
            at += take as u64;
        }
        Ok(bytes)
    }
}

/// The piece as text. A character cut in two at its end is left for the next
/// piece; anything else that is not UTF-8 makes it no text.
fn text_in(bytes: &[u8], is_last: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() && !is_last && error.valid_up_to() > 0 => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_cut_in_two_waits_for_the_next_piece() {
        let bytes = "aé".as_bytes();
        assert_eq!(text_in(&bytes[..2], false), Some("a"));
        assert_eq!(text_in(&bytes[..2], true), None);
        assert_eq!(text_in(bytes, true), Some("aé"));
        assert_eq!(text_in(&[0xff, b'a'], false), None);
    }
}
