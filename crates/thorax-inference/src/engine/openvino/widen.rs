//! Weights of convolutions, widened before OpenVINO sees them. The bundle keeps them as int8 with a scale. OpenVINO keeps them so in the
//! compiled network, too, and would unpack them at every start into memory that it holds beside the weights packed for
//! multiplying. It works out ahead what comes from int32: then the compiled network's file holds them as f32, is mapped, and its
//! pages can be let go once the weights are packed. The numbers are the same.
//!
//! An ONNX file is protobuf; what is read and written here is the few fields that this needs.

use std::collections::HashSet;

/// Fields of a model, a graph, a node and an attribute, by their numbers in `onnx.proto`.
const GRAPH: u64 = 7;
const NODE: u64 = 1;
const INPUT: u64 = 1;
const OUTPUT: u64 = 2;
const OPERATOR: u64 = 4;
const ATTRIBUTE: u64 = 5;
/// The attribute `to` of `Cast`: its name, its value 6 (int32) and its type 2 (an integer).
const TO_INT32: &[u8] = b"\x0a\x02to\x18\x06\xa0\x01\x02";

/// The model with a cast to int32 between each convolution's int8 weights and their scale; `None` where it is not protobuf.
pub fn widen(model: &[u8]) -> Option<Vec<u8>> {
    rewrite(model, GRAPH, |graph, out| {
        put(out, GRAPH, &widen_graph(graph)?);
        Some(())
    })
}

fn widen_graph(graph: &[u8]) -> Option<Vec<u8>> {
    let mut convolved = HashSet::new();
    for field in fields(graph) {
        let field = field?;
        if field.number == NODE && first(field.payload, OPERATOR) == Some(b"Conv") {
            convolved.extend(all(field.payload, INPUT).nth(1));
        }
    }
    rewrite(graph, NODE, |node, out| {
        let is_scale = first(node, OPERATOR) == Some(b"DequantizeLinear");
        let feeds_convolution = first(node, OUTPUT).is_some_and(|output| convolved.contains(output));
        if !is_scale || !feeds_convolution {
            put(out, NODE, node);
            return Some(());
        }
        let weights = first(node, INPUT)?;
        let wide = [weights, b"/int32"].concat();
        put(out, NODE, &cast(weights, &wide));
        let mut is_weights = true;
        let renamed = rewrite(node, INPUT, |input, out| {
            put(out, INPUT, if std::mem::take(&mut is_weights) { &wide } else { input });
            Some(())
        });
        put(out, NODE, &renamed?);
        Some(())
    })
}

/// A node that casts to int32.
fn cast(input: &[u8], output: &[u8]) -> Vec<u8> {
    let mut node = Vec::new();
    put(&mut node, INPUT, input);
    put(&mut node, OUTPUT, output);
    put(&mut node, OPERATOR, b"Cast");
    put(&mut node, ATTRIBUTE, TO_INT32);
    node
}

/// A field of a message.
struct Field<'a> {
    number: u64,
    /// What it holds, where its length is written before it; nothing for a number.
    payload: &'a [u8],
    /// All of it, as it stands in the message.
    whole: &'a [u8],
}

/// The message with every field of this number written anew, and the others as they are.
fn rewrite(message: &[u8], number: u64, mut write: impl FnMut(&[u8], &mut Vec<u8>) -> Option<()>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64);
    for field in fields(message) {
        let field = field?;
        if field.number == number { write(field.payload, &mut out)? } else { out.extend(field.whole) }
    }
    Some(out)
}

/// The fields of a message in their order; ends with `None` where it is damaged.
fn fields(message: &[u8]) -> impl Iterator<Item = Option<Field<'_>>> {
    let mut rest = Some(message);
    std::iter::from_fn(move || {
        let from = rest.take()?;
        if from.is_empty() {
            return None;
        }
        let found = field(from);
        rest = found.as_ref().map(|field| &from[field.whole.len()..]);
        Some(found)
    })
}

fn field(from: &[u8]) -> Option<Field<'_>> {
    let (key, rest) = number(from)?;
    let (payload, rest): (&[u8], _) = match key & 7 {
        0 => (&[], number(rest)?.1),
        1 => (&[], rest.get(8..)?),
        2 => number(rest).and_then(|(length, rest)| rest.split_at_checked(usize::try_from(length).ok()?))?,
        5 => (&[], rest.get(4..)?),
        _ => return None,
    };
    Some(Field { number: key >> 3, payload, whole: &from[..from.len() - rest.len()] })
}

/// A number of seven bits a byte, the lowest first, and what follows it.
fn number(from: &[u8]) -> Option<(u64, &[u8])> {
    let last = from.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let value = from[..=last].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, &from[last + 1..]))
}

fn all(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).flatten().filter(move |field| field.number == number).map(|field| field.payload)
}

fn first(message: &[u8], number: u64) -> Option<&[u8]> {
    all(message, number).next()
}

/// Writes a field whose length is written before it.
fn put(out: &mut Vec<u8>, number: u64, payload: &[u8]) {
    for mut value in [number << 3 | 2, payload.len() as u64] {
        while value >= 0x80 {
            out.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        out.push(value.to_le_bytes()[0]);
    }
    out.extend(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(operator: &[u8], inputs: &[&[u8]], output: &[u8]) -> Vec<u8> {
        let mut node = Vec::new();
        for input in inputs {
            put(&mut node, INPUT, input);
        }
        put(&mut node, OUTPUT, output);
        put(&mut node, OPERATOR, operator);
        node
    }

    /// A model of these nodes, with a number before and a fixed field behind its graph.
    fn model(nodes: &[Vec<u8>]) -> Vec<u8> {
        let mut graph = Vec::new();
        for node in nodes {
            put(&mut graph, NODE, node);
        }
        put(&mut graph, 5, &[7; 300]);
        let mut model = vec![0x08, 0x96, 0x01];
        put(&mut model, GRAPH, &graph);
        model.extend([0x45, 1, 2, 3, 4]);
        model
    }

    #[test]
    fn weights_of_convolutions_are_cast_and_nothing_else_is_touched() {
        let convolution = node(b"Conv", &[b"x", b"w"], b"y");
        let product = node(b"MatMul", &[b"y", b"v"], b"z");
        let others = node(b"DequantizeLinear", &[b"v8", b"s", b"0"], b"v");
        let before = [node(b"DequantizeLinear", &[b"w8", b"s", b"0"], b"w"), others.clone(), convolution, product];
        let mut cast = node(b"Cast", &[b"w8"], b"w8/int32");
        put(&mut cast, ATTRIBUTE, TO_INT32);
        let scaled = node(b"DequantizeLinear", &[b"w8/int32", b"s", b"0"], b"w");
        let after = [vec![cast, scaled], before[1..].to_vec()].concat();
        assert_eq!(widen(&model(&before)).unwrap(), model(&after));
        assert_eq!(widen(&model(&before[1..])).unwrap(), model(&before[1..]));
    }

    #[test]
    fn what_is_not_protobuf_is_given_back_to_the_engine() {
        let whole = model(&[node(b"Conv", &[b"x", b"w"], b"y")]);
        for damaged in [&whole[..whole.len() - 1], &whole[..20], b"no model", &[0xff; 12]] {
            assert_eq!(widen(damaged), None);
        }
    }
}
