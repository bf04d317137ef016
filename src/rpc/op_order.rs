//! The order of a client's op_ids.

use crate::error::{Error, Reason, Result};
use crate::id::OpId;

/// Holds the op_ids of one stream, or of one Publish, to their order.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpOrder {
    last: u64,
    /// Whether parts of the last one are still to come.
    more: bool,
}

impl OpOrder {
    /// Takes the next op_id; `more` says that another part of the same operation follows. Tells whether this one
    /// continues the operation before it.
    ///
    /// # Errors
    ///
    /// OP_ID_ORDER if it is 0, or neither above the last one nor a further part of it.
    pub fn take(&mut self, op_id: u64, more: bool) -> Result<bool> {
        if op_id > OpId::MAX.0 {
            // The room refuses it; those after it keep their place.
            return Ok(false);
        }
        let continues = self.more && op_id == self.last;
        if op_id <= self.last && !continues {
            return Err(Error::new(
                Reason::OpIdOrder,
                "an op_id is above 0 and above the one before it on its stream: number the operations upwards from 1",
            )
            .field("op_id")
            .with("op_id", op_id)
            .with("previous", self.last));
        }
        *self = Self { last: op_id, more };
        Ok(continues)
    }
}
