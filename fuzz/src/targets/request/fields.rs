//! The fields that the contract's messages have, read from its own descriptors.

use std::collections::HashMap;
use std::sync::OnceLock;

use prost::Message;
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FileDescriptorSet};
use tandem::rpc::proto::FILE_DESCRIPTOR_SET;

/// Fields and oneofs of each message.
#[derive(Debug)]
pub(super) struct Fields(HashMap<String, HashMap<String, Field>>);

#[derive(Debug)]
struct Field {
    /// The message that stands in it.
    message: Option<String>,
    is_list: bool,
}

impl Fields {
    /// Those of `tandem.v1`.
    pub(super) fn of_the_contract() -> &'static Self {
        static FIELDS: OnceLock<Fields> = OnceLock::new();
        FIELDS.get_or_init(|| {
            let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the descriptors are the build's own");
            let ours = files.file.iter().filter(|file| file.package() == "tandem.v1");
            let messages = ours.flat_map(|file| &file.message_type);
            Self(
                messages
                    .map(|message| (message.name().to_owned(), fields(message)))
                    .collect(),
            )
        })
    }

    /// Whether a message has what a path names, such as `files[1].path`.
    pub(super) fn has(&self, message: &str, path: &str) -> bool {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let (name, index) = match first.split_once('[') {
            Some((name, index)) => (name, Some(index)),
            None => (first, None),
        };
        let Some(field) = self.0.get(message).and_then(|fields| fields.get(name)) else {
            return false;
        };
        let index_fits = match index {
            Some(index) => field.is_list && index.strip_suffix(']').is_some_and(|n| n.parse::<usize>().is_ok()),
            // A list as a whole may be wrong, but what stands in it has a place.
            None => !(field.is_list && rest.is_some()),
        };
        let inner_fits = match (rest, &field.message) {
            (None, _) => true,
            (Some(rest), Some(inner)) => self.has(inner, rest),
            (Some(_), None) => false,
        };
        index_fits && inner_fits
    }
}

fn fields(message: &DescriptorProto) -> HashMap<String, Field> {
    let own = message.field.iter().map(|field| {
        let inner = field.type_name().strip_prefix(".tandem.v1.").map(str::to_owned);
        let described = Field {
            message: inner,
            is_list: field.label() == Label::Repeated,
        };
        (field.name().to_owned(), described)
    });
    let choices = message.oneof_decl.iter().map(|oneof| {
        let described = Field {
            message: None,
            is_list: false,
        };
        (oneof.name().to_owned(), described)
    });
    own.chain(choices).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_followed_through_messages_and_lists() {
        let fields = Fields::of_the_contract();
        for there in ["files[1].path", "files", "slug"] {
            assert!(fields.has("CreateRoomRequest", there), "{there}");
        }
        assert!(fields.has("PublishRequest", "messages[2].edit.changes[0].offset"));
        assert!(fields.has("Edit", "file"));
        for not_there in ["file", "files.path", "slug[0]", "slug.x", "files[x].path", ""] {
            assert!(!fields.has("CreateRoomRequest", not_there), "{not_there}");
        }
    }
}
