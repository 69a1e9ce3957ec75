//! ZIP archives: every file lies inside the app, whole, once, within the limits.
//!
//! Input: an archive; or, when it begins with `names:`, one entry's name a line, of
//! which an archive of empty files is made. So names get as far as the rules for
//! names, past the checksums that stop most random archives.

use std::io::{Cursor, Read as _};

use fazt::apps::bundle::{limits::Limits, path, zip};

pub(crate) fn run(data: &[u8]) {
    match data.strip_prefix(b"names:") {
        Some(names) => unpack(&archive(names)),
        None => unpack(data),
    }
}

fn unpack(archive: &[u8]) {
    let limits = Limits {
        files: 64,
        file_bytes: 256 * 1024,
        app_bytes: 512 * 1024,
        zip_floor: 256 * 1024,
        ..Limits::default()
    };
    let mut paths = Vec::new();
    let mut bytes = 0;
    let mut whole = true;
    let unpacked = zip::unpack(Cursor::new(archive), &limits, &mut |path, declared, content| {
        let read = content.take(limits.file_bytes + 1).read_to_end(&mut Vec::new())? as u64;
        whole &= read == declared;
        assert!(read <= limits.file_bytes, "{path} is too large");
        bytes += read;
        paths.push(path);
        Ok(())
    });
    assert!(paths.len() <= limits.files && bytes <= limits.app_bytes);
    for path in &paths {
        let text = path.as_str();
        assert!(!text.is_empty() && text.len() <= path::MAX_PATH_BYTES, "{text:?}");
        assert!(!text.contains(['\\', '\0', '\n']) && !text.starts_with('/'), "{text:?}");
        assert!(path.segments().all(|part| !matches!(part, "" | "." | "..")), "{text:?}");
        assert!(!matches!(text.as_bytes(), [b'a'..=b'z' | b'A'..=b'Z', b':', ..]), "{text:?}");
    }
    path::collisions(&paths).expect("the files can lie in one folder");
    match unpacked {
        Ok(unpacked) => {
            assert!(whole, "a file is as long as its header says");
            assert_eq!((unpacked.files, unpacked.bytes), (paths.len(), bytes));
        }
        Err(problem) => {
            let told = problem.to_string();
            assert!(!told.contains(char::is_control), "{told:?} is not one line");
        }
    }
}

/// An archive of empty, stored files with these names (APPNOTE 4.3).
fn archive(names: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for name in names.split(|&byte| byte == b'\n').take(100) {
        let Ok(length) = u16::try_from(name.len()) else { continue };
        let offset = u32::try_from(archive.len()).expect("inputs are short");
        // Version, flags (UTF-8), method, time, date; then checksum and sizes, all zero.
        let common = [10, 0, 0, 8, 0, 0, 0, 0, 0x21, 0x5b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let lengths = [length.to_le_bytes(), [0; 2]].concat();
        archive.extend([&b"PK\x03\x04"[..], &common, &lengths, name].concat());
        directory.extend([&b"PK\x01\x02\x0a\x00"[..], &common, &lengths, &[0; 10]].concat());
        directory.extend([&offset.to_le_bytes()[..], name].concat());
        count += 1;
    }
    let start = u32::try_from(archive.len()).expect("inputs are short");
    let size = u32::try_from(directory.len()).expect("inputs are short");
    archive.extend(directory);
    archive
        .extend([&b"PK\x05\x06"[..], &[0; 4], &count.to_le_bytes(), &count.to_le_bytes()].concat());
    archive.extend([&size.to_le_bytes()[..], &start.to_le_bytes(), &[0; 2]].concat());
    archive
}
