//! A Host header: one spelling, and a label is all that can name an app.
//!
//! Input: the header's bytes.

use std::borrow::Cow;

use fazt::apps::site::host::{self, Place};

pub(crate) fn run(data: &[u8]) {
    let Ok(canonical) = host::canonical(data) else { return };
    assert!(canonical.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()));
    assert!(!canonical.contains(['/', '\\', '@', '?', '#', '%']), "{canonical:?}");
    // Once more changes nothing and copies nothing; port and final dot make no difference.
    assert!(
        matches!(host::canonical(canonical.as_bytes()), Ok(Cow::Borrowed(again)) if again == canonical)
    );
    let mut spellings = vec![format!("{canonical}:8080"), canonical.to_ascii_uppercase()];
    if !canonical.starts_with('[') {
        assert!(canonical.len() <= 253 && !canonical.contains(':'), "{canonical:?}");
        spellings.push(format!("{canonical}."));
    }
    for spelling in &spellings {
        assert_eq!(
            host::canonical(spelling.as_bytes()).as_deref(),
            Ok(&*canonical),
            "{spelling:?}"
        );
    }
    for domain in ["zyt.app", "localhost", "10.0.0.7.nip.io"] {
        let place = host::place(&canonical, domain);
        let below = canonical.ends_with(&format!(".{domain}")) || canonical.ends_with(".localhost");
        match place {
            Place::App(app) | Place::Preview { app, .. } => {
                assert!(below && !app.is_empty() && !app.contains('.'), "{canonical:?}");
            }
            Place::Admin => assert!(below && canonical.starts_with("admin."), "{canonical:?}"),
            Place::Root => assert!(canonical == domain || canonical.starts_with("root.")),
            Place::Local => assert!(canonical == "localhost" || !canonical.contains("localhost")),
            Place::Custom(custom) => assert_eq!(custom, canonical),
        }
        if let Place::Preview { app, version } = place {
            assert!(version > 0 && canonical.starts_with(&format!("v{version}--{app}.")));
        }
    }
}
