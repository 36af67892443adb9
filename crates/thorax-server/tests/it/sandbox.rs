//! Files of strangers, decoded in a process of their own.

use std::fs;

use thorax_imaging::decode::{self, Limits as DecodeLimits};
use thorax_imaging::{GrayImage, Pixels, encode};
use thorax_server::workflow::sandbox::{Limits, Sandbox, SandboxError};

use crate::films;
use crate::program::root;

fn sandbox(memory: u64) -> Sandbox {
    Sandbox::new(Limits { program: env!("CARGO_BIN_EXE_thorax").into(), memory, seconds: 20, at_once: 2 })
}

const PLENTY: u64 = 2 << 30;

#[tokio::test]
async fn gives_the_picture_that_decoding_here_gives() {
    let sandbox = sandbox(PLENTY);
    let names = ["normal-1.jpeg", "chest-cr.dcm"];
    for bytes in names.map(|name| fs::read(root().join("samples").join(name)).unwrap()) {
        let expected = decode::decode(&bytes, &DecodeLimits::default()).unwrap();
        let (facts, image) = sandbox.decode(&bytes).await.unwrap();
        assert_eq!(image, expected.image);
        assert_eq!((facts.width, facts.height, facts.bits), (image.width(), image.height(), image.bits()));
        assert_eq!((facts.view, facts.age_years), (expected.facts.view_position, expected.facts.age_years));
        let looked_at = sandbox.inspect(&bytes).await.unwrap();
        assert_eq!((looked_at.width, looked_at.format), (image.width(), expected.format.to_string()));
    }
}

#[tokio::test]
async fn what_is_no_film_is_refused_in_words() {
    let sandbox = sandbox(PLENTY);
    let whole = encode::png(&films::film(120, 64)).unwrap();
    let noise: Vec<u8> = (0..10_000_u32).map(|index| index.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    for bytes in [&b""[..], b"a text", &noise, &whole[..whole.len() / 2], b"\xff\xd8\xff\xe0garbage", &whole[..33]] {
        match sandbox.decode(bytes).await {
            Err(SandboxError::Refused(why)) => assert!(why.contains(';'), "says what to do: {why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_film_over_the_limits_breaks_nothing_but_its_own_process() {
    // 48 megapixels of 16 bits are 96 MB in a file of some kilobytes.
    let side = 6928;
    let huge = GrayImage::new(side, side, Pixels::U16(vec![0; (side * side) as usize])).unwrap();
    let bomb = encode::png(&huge).unwrap();
    drop(huge);
    let small = sandbox(160 << 20);
    match small.decode(&bomb).await {
        Err(SandboxError::Excess(why)) => assert!(why.contains("memory"), "{why}"),
        // Where the system refuses the memory more gently, the decoder still says so.
        Err(SandboxError::Refused(_) | SandboxError::Failed(_)) => {}
        Ok(_) => panic!("96 MB and the program do not fit into 160 MiB"),
    }
    let film = encode::png(&films::film(120, 64)).unwrap();
    assert!(sandbox(PLENTY).decode(&film).await.is_ok());
}

#[tokio::test]
async fn a_decoder_that_cannot_be_run_is_not_the_files_fault() {
    let limits = |program: &str| Limits { program: program.into(), memory: PLENTY, seconds: 1, at_once: 1 };
    for program in ["no/such/program", "/bin/false"] {
        let failed = Sandbox::new(limits(program)).decode(b"x").await;
        assert!(matches!(failed, Err(SandboxError::Failed(_))), "{failed:?}");
    }
}
