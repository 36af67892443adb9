//! Every pixel against OpenCV's and Pillow's: committed golden values, which need nothing, and random images sent to a live
//! Python, which are ignored unless asked for (`make test` asks).

mod golden;
mod live;
mod manifest;
mod reference;
