use serde_json::{Value, json};

use super::*;

fn batch() -> Batch {
    Batch { films: 2, height: 1, width: 2, samples: vec![0.1, -1.5, 0.0, 1e-7] }
}

#[test]
fn a_question_in_json() {
    let encoded = encode(&batch(), &["logits", "cam"], Form::Json).unwrap();
    assert_eq!(encoded.header_length, None);
    let text = String::from_utf8(encoded.body).unwrap();
    assert_eq!(
        text,
        r#"{"inputs":[{"name":"image","shape":[2,1,1,2],"datatype":"FP32","data":[0.1,-1.5,0.0,1e-7]}],"outputs":[{"name":"logits"},{"name":"cam"}]}"#
    );
}

#[test]
fn a_question_in_bytes() {
    let encoded = encode(&batch(), &["logits"], Form::Binary).unwrap();
    let (json, bytes) = encoded.body.split_at(encoded.header_length.unwrap());
    let expected = json!({
        "inputs": [{"name": "image", "shape": [2, 1, 1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 16}}],
        "outputs": [{"name": "logits", "parameters": {"binary_data": true}}],
    });
    assert_eq!(serde_json::from_slice::<Value>(json).unwrap(), expected);
    assert_eq!(bytes, [0.1_f32, -1.5, 0.0, 1e-7].map(f32::to_le_bytes).concat());
}

#[test]
fn what_is_no_number_is_not_sent() {
    for value in [f32::NAN, f32::INFINITY] {
        let batch = Batch { samples: vec![0.0, value, 0.0, 0.0], ..batch() };
        assert!(encode(&batch, &["logits"], Form::Json).is_err());
    }
}

#[test]
fn answers_in_the_order_asked_for_flat_or_nested() {
    let body = json!({"model_name": "a", "model_version": "3", "outputs": [
        {"name": "cam", "datatype": "FP32", "shape": [1, 2, 2], "data": [[[1, 2.5], [-3, 0.1]]]},
        {"name": "logits", "datatype": "FP32", "shape": [1, 2], "data": [0.5, null]},
    ]})
    .to_string();
    let Outcome { version, tensors } = decode(body.as_bytes(), None, &["logits", "cam"]).unwrap();
    assert_eq!(version.as_deref(), Some("3"));
    assert_eq!(tensors[1], Tensor { shape: vec![1, 2, 2], samples: vec![1.0, 2.5, -3.0, 0.1] });
    assert_eq!((tensors[0].shape.as_slice(), tensors[0].samples[0]), (&[1, 2][..], 0.5));
    assert!(tensors[0].samples[1].is_nan());
}

fn in_bytes(sizes: [usize; 2], bytes: &[u8]) -> (Vec<u8>, usize) {
    let output = |name, size| json!({"name": name, "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": size}});
    let json = json!({"outputs": [output("cam", sizes[0]), output("logits", sizes[1])]}).to_string();
    ([json.as_bytes(), bytes].concat(), json.len())
}

#[test]
fn answers_in_bytes() {
    let bytes = [1.0_f32, 2.0, 3.0, f32::NAN].map(f32::to_le_bytes).concat();
    let (body, length) = in_bytes([8, 8], &bytes);
    let tensors = decode(&body, Some(length), &["logits", "cam"]).unwrap().tensors;
    assert_eq!(tensors[1].samples, [1.0, 2.0]);
    assert!((tensors[0].samples[0] - 3.0).abs() < f32::EPSILON && tensors[0].samples[1].is_nan());
    for (sizes, length, words) in [
        ([8, 4], Some(length), "has 1 values for the shape [1, 2]"),
        ([8, 12], Some(length), "ends within the output \"logits\""),
        ([4, 12], Some(length), "has 1 values for the shape [1, 2]"),
        ([9, 7], Some(length), "for the shape"),
        ([8, 8], Some(10_000), "shorter than"),
        ([8, 8], None, "cannot be read"),
    ] {
        let (body, real) = in_bytes(sizes, &bytes);
        let length = length.map(|given| if given > 1000 { given } else { real });
        let error = decode(&body, length, &["logits", "cam"]).unwrap_err();
        assert!(error.contains(words), "{sizes:?}: {error}");
    }
    let (body, length) = in_bytes([8, 8], &[&bytes[..], &[0; 4]].concat());
    let error = decode(&body, Some(length), &["logits", "cam"]).unwrap_err();
    assert!(error.contains("4 bytes too many"), "{error}");
}

#[test]
fn wrong_answers_are_named_without_their_numbers() {
    let output = |datatype: &str, shape: Value, data: Value| {
        json!({"outputs": [{"name": "logits", "datatype": datatype, "shape": shape, "data": data}]}).to_string()
    };
    for (body, words) in [
        (output("FP32", json!([1, 4]), json!([0.125, 0.125])), "has 2 values for the shape [1, 4]"),
        (output("FP32", json!([usize::MAX, 4]), json!([0.125])), "has 1 values"),
        (output("FP64", json!([1, 1]), json!([0.125])), "\"FP64\", not FP32"),
        (output("FP32", json!([1, -1]), json!([0.125])), "cannot be read"),
        (output("FP32", json!([1, 1]), json!(["0.125"])), "cannot be read"),
        (output("FP32", json!([1, 1]), json!([0.125])).replace("0.125", "NaN"), "cannot be read"),
        (output("FP32", json!([1, 1]), json!([0.125])).replace("logits", "other"), "no output \"logits\""),
        ("{}".to_owned(), "cannot be read"),
        (String::new(), "cannot be read"),
    ] {
        let error = decode(body.as_bytes(), None, &["logits"]).unwrap_err();
        assert!(error.contains(words) && !error.contains("0.125"), "{body}: {error}");
    }
}

#[test]
fn a_model_must_have_the_ports_of_the_network() {
    let check = |inputs: Value, outputs: Value| {
        let body = json!({"name": "a", "platform": "onnx", "inputs": inputs, "outputs": outputs}).to_string();
        Model::parse(body.as_bytes()).unwrap().check(&["logits"])
    };
    let port = |name: &str, datatype: &str| json!([{"name": name, "datatype": datatype, "shape": [-1, 4]}]);
    check(port("image", "FP32"), port("logits", "FP32")).unwrap();
    for (inputs, outputs, words) in [
        (port("x", "FP32"), port("logits", "FP32"), "must be \"image\" alone, and it has x"),
        (json!([]), port("logits", "FP32"), "and it has none"),
        (port("image", "UINT8"), port("logits", "FP32"), "must be FP32, not \"UINT8\""),
        (port("image", "FP32"), port("lungs", "FP32"), "no output \"logits\", but lungs"),
        (port("image", "FP32"), port("logits", "FP16"), "must be FP32, not \"FP16\""),
    ] {
        assert!(check(inputs, outputs).unwrap_err().contains(words), "{words}");
    }
}

#[test]
fn a_server_is_named_with_its_version() {
    let program = Program::parse(br#"{"name": "triton", "version": "2.62.0", "extensions": ["a"]}"#).unwrap();
    assert_eq!((program.describe().as_str(), program.extensions.len()), ("triton 2.62.0", 1));
    assert!(Program::parse(br#"{"name": "x", "version": "1"}"#).unwrap().extensions.is_empty());
    assert!(Program::parse(b"<html>").is_err());
}
