//! **What is kept.** Result files today; databases, blobs and caches as they come: nothing else in the workspace writes a
//! result to disk.
//! Never here: a decision about an image or a patient, an HTTP type, a terminal.
//! Start reading at the room whose name is what you want to keep.
