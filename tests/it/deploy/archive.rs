//! ZIP archives written by hand, because no library writes hostile ones.

use std::io::Write as _;

/// An entry of an archive, each of whose claims may be a lie.
pub struct Member {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    /// The Unix mode, with the kind of the file.
    pub mode: u32,
    pub flags: u16,
    /// The size the headers claim, when it is not the true one.
    pub claims: Option<u32>,
    pub deflate: bool,
}

const UTF8: u16 = 1 << 11;

impl Member {
    pub fn file(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            content: content.as_ref().to_vec(),
            mode: 0o100_644,
            flags: UTF8,
            claims: None,
            deflate: false,
        }
    }
}

/// An archive of plain files.
pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    archive(&files.iter().map(|(name, text)| Member::file(name, text)).collect::<Vec<_>>())
}

/// An archive of these members, in the layout of APPNOTE 4.3.
pub fn archive(members: &[Member]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let offset = number(bytes.len());
        let packed =
            if member.deflate { deflated(&member.content) } else { member.content.clone() };
        let mut crc = flate2::Crc::new();
        crc.update(&member.content);
        let size = member.claims.unwrap_or_else(|| number(member.content.len()));
        let mut common = Vec::new();
        for half in [20, member.flags, if member.deflate { 8 } else { 0 }, 0, 0x5a21] {
            common.extend_from_slice(&half.to_le_bytes());
        }
        for word in [crc.sum(), number(packed.len()), size] {
            common.extend_from_slice(&word.to_le_bytes());
        }
        let length = u16::try_from(member.name.len()).expect("a name that fits");
        common.extend_from_slice(&length.to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&common);
        bytes.extend_from_slice(&member.name);
        bytes.extend_from_slice(&packed);
        // Made on Unix, so that the mode counts.
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(member.mode << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&member.name);
    }
    let (start, length) = (number(bytes.len()), number(directory.len()));
    let count = u16::try_from(members.len()).expect("few members");
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("a small archive")
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(content).expect("memory takes it");
    out.finish().expect("memory takes it")
}
