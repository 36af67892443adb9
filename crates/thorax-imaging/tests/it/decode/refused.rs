//! Files that are fine and not for us: each is refused by its name, with advice.

use super::builder::Dicom;
use super::{decode, fixture};
use thorax_imaging::decode::DecodeError;

fn refusal(bytes: &[u8]) -> String {
    match decode(bytes) {
        Err(DecodeError::Unsupported { what, advice }) => {
            assert!(!advice.is_empty());
            what
        }
        other => panic!("not refused by name: {other:?}"),
    }
}

#[test]
fn other_formats_by_their_first_bytes() {
    let mut nifti = vec![0; 348];
    nifti[344..].copy_from_slice(b"n+1\0");
    let cases: [(&[u8], &str); 14] = [
        (b"GIF89a\0\0", "GIF"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"BM\x36\0\0\0", "BMP"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0\x29", "JPEG 2000"),
        (b"\0\0\0\x20ftypheic", "HEIC"),
        (b"\0\0\0\x20ftypavif", "AVIF"),
        (b"\x93NUMPY\x01\0", "NumPy"),
        (&nifti, "NIfTI"),
    ];
    for (bytes, name) in cases {
        let what = refusal(bytes);
        assert!(what.contains(name), "{name}: {what}");
    }
}

#[test]
fn unknown_bytes_are_described_and_never_quoted() {
    for (bytes, looks) in [
        (b"patient: Jane Doe, 1980\n".as_slice(), "text"),
        (&[0; 200], "zeros"),
        (&[0x9d, 3, 200, 77, 1, 2, 3, 4], "binary"),
    ] {
        let error = decode(bytes).unwrap_err();
        assert!(matches!(error, DecodeError::UnknownFormat { .. }), "{error:?}");
        assert!(error.to_string().contains(looks) && !error.to_string().contains("Doe"));
    }
    assert_eq!(decode(b""), Err(DecodeError::Empty));
}

#[test]
fn dicom_objects_that_are_not_one_grey_radiograph() {
    let film = Dicom::film;
    let cases = [
        (fixture("pydicom/MR_small_jpeg_ls_lossless.dcm"), "JPEG-LS lossless (1.2.840.10008.1.2.4.80)"),
        (fixture("pydicom/JPGExtended.dcm"), "12-bit lossy JPEG"),
        (fixture("pydicom/SC_rgb_rle.dcm"), "colour"),
        (fixture("pydicom/test-SR.dcm"), "without an image"),
        (fixture("pydicom/rtdose_1frame.dcm"), "8 or 16 bits allocated"),
        (film().syntax("1.2.840.10008.1.2.4.201").bytes(), "High-Throughput JPEG 2000"),
        (film().syntax("1.2.840.10008.1.2.4.102").bytes(), "MPEG-4"),
        (film().syntax("1.2.3.4").bytes(), "private"),
        (film().text(0x0028_0008, "IS", "2").bytes(), "multi-frame"),
        (film().text(0x0028_0004, "CS", "YBR_FULL_422").bytes(), "colour"),
        (film().text(0x0028_0004, "CS", "PALETTE COLOR").bytes(), "colour"),
        (film().text(0x0028_0004, "CS", "TRANSPARENT").bytes(), "photometric"),
        (film().word(0x0028_0002, 3).bytes(), "colour"),
        (film().word(0x0028_0100, 1).bytes(), "bits allocated"),
        (film().raw(0x7FE0_0008, "OW", &[0; 48]).bytes(), "floating point"),
        (
            film()
                .text(0x0028_1050, "DS", "1")
                .text(0x0028_1051, "DS", "9")
                .text(0x0028_1056, "CS", "LOGISTIC")
                .bytes(),
            "VOI LUT function",
        ),
    ];
    for (bytes, name) in cases {
        let what = refusal(&bytes);
        assert!(what.contains(name), "{name}: {what}");
    }
}

#[test]
fn kinds_of_jpeg_that_cannot_be_decoded() {
    let grey = fixture("jpeg/grey.jpg");
    let start = grey.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    for (marker, precision, name) in [
        (0xC1, 12, "12-bit"),
        (0xC3, 8, "lossless JPEG"),
        (0xC5, 8, "hierarchical"),
        (0xC9, 8, "arithmetic"),
        (0xF7, 8, "JPEG-LS"),
    ] {
        let mut file = grey.clone();
        file[start + 1] = marker;
        file[start + 4] = precision;
        let what = refusal(&file);
        assert!(what.contains(name), "{name}: {what}");
    }
}

#[test]
fn lossless_jpeg_that_the_codec_would_decode_wrongly() {
    let good = fixture("pydicom/JPEG-LL.dcm");
    let scan = good.windows(4).position(|bytes| bytes == [0xFF, 0xDA, 0, 8]).unwrap();
    let mut point_transform = good.clone();
    point_transform[scan + 9] = 1;
    assert!(refusal(&point_transform).contains("point transform"));
    let mut restarts = good;
    restarts.splice(scan..scan, [0xFF, 0xDD, 0, 4, 0, 8]);
    let image = restarts.windows(3).position(|bytes| bytes == [0xFF, 0xD8, 0xFF]).unwrap();
    restarts[image - 4] += 6;
    assert!(refusal(&restarts).contains("restart"));
}
