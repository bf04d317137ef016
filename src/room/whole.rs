//! A file's whole content on its way to those who open it. All who come while nothing changes share it: when a class
//! opens a long file at once, it is made and encoded once.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;

use crate::document::{Document, Unit};
use crate::error::Result;
use crate::id::Revision;
use crate::limits;
use crate::room::message::{Encode, Encoded, Event, FileInfo, Frame, Opened, OpenedContent};
use crate::telemetry::metric;

/// The answer to open with everything in it.
#[derive(Debug)]
pub(super) struct Whole {
    file: FileInfo,
    revision: Revision,
    event: Event,
    /// What a Yjs session has once it has this.
    pub(super) state_vector: Bytes,
    frames: OnceLock<Encoded>,
}

impl Whole {
    /// Its frames; they are the same in every unit.
    pub(super) fn frames(&self, encode: &dyn Encode) -> &[Frame] {
        self.frames.get_or_init(|| {
            metrics::counter!(metric::WHOLES_ENCODED).increment(1);
            encode.encode(&self.event, Unit::Utf16)
        })
    }
}

/// What those who came last got of one file.
#[derive(Debug, Default)]
pub(super) struct Wholes {
    text: Option<(Arc<Whole>, Instant)>,
    yjs: Option<(Arc<Whole>, Instant)>,
}

impl Wholes {
    /// The content of a file at the head, for text sessions or for Yjs sessions that have nothing of it.
    ///
    /// # Errors
    /// INTERNAL: it could not be made.
    pub(super) fn get(
        &mut self,
        yjs: bool,
        file: FileInfo,
        head: Revision,
        document: &Document,
        now: Instant,
    ) -> Result<Arc<Whole>> {
        let kept = if yjs { &mut self.yjs } else { &mut self.text };
        if let Some((whole, used)) = kept
            && whole.revision == head
            && whole.file == file
        {
            *used = now;
            return Ok(whole.clone());
        }
        let mut state_vector = Bytes::new();
        let content = if yjs {
            state_vector = document.state_vector().into();
            OpenedContent::Yjs {
                update: document.difference(&[])?.into(),
                state_vector: state_vector.clone(),
            }
        } else {
            OpenedContent::Text(document.text().clone())
        };
        let whole = Arc::new(Whole {
            event: Event::Opened(Opened {
                file: file.clone(),
                revision: head,
                content,
            }),
            file,
            revision: head,
            state_vector,
            frames: OnceLock::new(),
        });
        *kept = Some((whole.clone(), now));
        Ok(whole)
    }

    /// Lets go of what nobody has asked for in a while.
    pub(super) fn tidy(&mut self, now: Instant) {
        for kept in [&mut self.text, &mut self.yjs] {
            kept.take_if(|(_, used)| now.duration_since(*used) >= limits::WHOLE_KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::document::UnitChange;
    use crate::id::{ClientId, Epoch, FileId};
    use crate::store::model::LineEnding;

    /// Counts what it is asked for.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Encode for Counting {
        fn encode(&self, _event: &Event, _unit: Unit) -> Encoded {
            self.0.fetch_add(1, Ordering::Relaxed);
            smallvec::smallvec![Frame::default()]
        }
    }

    #[test]
    fn all_who_come_while_nothing_changes_share_one_encoding() {
        let mut document = Document::new(ClientId(7));
        let text = [UnitChange::new(0, 0, "a class opens this")];
        document.edit(Unit::CodePoint, &text).expect("an edit");
        let file = FileInfo {
            id: FileId::new(),
            path: "main.txt".to_owned(),
            line_ending: LineEnding::Lf,
            deleted: false,
            epoch: Epoch(1),
            revision: Revision(1),
        };
        let now = Instant::now();
        let (mut wholes, encode) = (Wholes::default(), Counting::default());
        for yjs in [false, true] {
            for _joiner in 0..150 {
                let whole = wholes.get(yjs, file.clone(), Revision(2), &document, now);
                whole.expect("the content").frames(&encode);
            }
        }
        assert_eq!(encode.0.load(Ordering::Relaxed), 2, "one for text, one for Yjs");
        // Whoever comes after a change gets another.
        let whole = wholes.get(false, file.clone(), Revision(3), &document, now);
        whole.expect("the content").frames(&encode);
        assert_eq!(encode.0.load(Ordering::Relaxed), 3);
        // What nobody asks for any more is let go.
        let kept = wholes
            .get(false, file, Revision(3), &document, now)
            .expect("the content");
        wholes.tidy(now + limits::WHOLE_KEPT);
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
