//! `thorax clahe`.

use std::fs;

use thorax_imaging::clahe::{Clahe, clahe};
use thorax_imaging::decode::{Limits, decode};
use thorax_imaging::encode;

use crate::films;
use crate::program::{argument, root, run, thorax};

#[test]
fn png_is_the_librarys_result_and_jpeg_is_close() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "film.png", 100);
    let out = folder.path().join("clear.png");
    let (code, said, err) = run(thorax(&["clahe", "--clip", "3.5", "--tiles", "4x2", argument(&film), argument(&out)]));
    assert_eq!((code, said.trim()), (0, argument(&out)), "{err}");
    let expected = clahe(&films::film(100, 64), &Clahe { clip_limit: 3.5, tiles_x: 4, tiles_y: 2 }).unwrap();
    assert_eq!(fs::read(&out).unwrap(), encode::png(&expected).unwrap());

    let (code, said, _) = run(thorax(&["clahe", argument(&film)]));
    let beside = folder.path().join("film_clahe.jpg");
    assert_eq!((code, said.trim()), (0, argument(&beside)));
    let expected = clahe(&films::film(100, 64), &Clahe::default()).unwrap();
    assert_eq!(fs::read(&beside).unwrap(), encode::jpeg(&expected, 95).unwrap());
    assert_eq!(decode(&fs::read(&film).unwrap(), &Limits::default()).unwrap().image, films::film(100, 64));
}

#[test]
fn a_deep_film_stays_deep_in_png() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("clear.png");
    let film = root().join("samples/chest-cr.dcm");
    let (code, _, err) = run(thorax(&["clahe", argument(&film), argument(&out)]));
    assert_eq!(code, 0, "{err}");
    let read = |path| decode(&fs::read(path).unwrap(), &Limits::default()).unwrap().image;
    assert_eq!(read(out), clahe(&read(film), &Clahe::default()).unwrap());
}

#[test]
fn several_films_go_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let one = films::png(folder.path(), "one.png", 100);
    let two = films::png(folder.path(), "two.png", 100);
    let bad = films::write(folder.path(), "bad.png", b"a text");
    let to = folder.path().join("clear");
    fs::create_dir(&to).unwrap();
    let (code, said, err) = run(thorax(&["clahe", argument(&one), argument(&bad), argument(&two), argument(&to)]));
    assert_eq!(code, 1, "one could not be read");
    assert!(err.contains("bad.png") && said.lines().count() == 2, "{said}{err}");
    assert_eq!(fs::read(to.join("one_clahe.jpg")).unwrap(), fs::read(to.join("two_clahe.jpg")).unwrap());
}

#[test]
fn the_original_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let film = films::png(folder.path(), "film.png", 100);
    let before = fs::read(&film).unwrap();
    let (code, _, err) = run(thorax(&["clahe", argument(&film), argument(&film)]));
    assert_eq!(code, 2);
    assert!(err.contains("never overwritten"), "{err}");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.png");
        std::os::unix::fs::symlink(&film, &link).unwrap();
        assert_eq!(run(thorax(&["clahe", argument(&film), argument(&link)])).0, 2);
    }
    assert_eq!(fs::read(&film).unwrap(), before);
}

#[test]
fn wrong_use_is_refused() {
    for (arguments, expected) in [
        (&["clahe"][..], "Usage"),
        (&["clahe", "a.png", "b.bmp"], ".jpg, .jpeg or .png"),
        (&["clahe", "--tiles", "8", "a.png"], "8x8"),
        (&["clahe", "--clip", "-1", "a.png"], "not below 0"),
        (&["clahe", "a.png", "b.png", "c.png"], "must be a folder"),
    ] {
        let (code, _, err) = run(thorax(arguments));
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
}
