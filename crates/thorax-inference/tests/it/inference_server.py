"""Serves the networks of a bundle with KServe's Python server, which is nobody's of this house, and ONNX Runtime.

    inference_server.py BUNDLE [--announce-bytes] [--tls-folder FOLDER]

A free port is chosen; the log on standard error names it. With --tls-folder it speaks https, with a certificate of an authority
that is made for it and put into that folder as authority.pem.
"""

import argparse
import asyncio
import datetime
import ipaddress
import tomllib
from pathlib import Path

import onnxruntime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.protocol.rest.server import RESTServer


class Network(Model):
    """One ONNX file under its name in the bundle."""

    def __init__(self, name: str, path: Path):
        super().__init__(name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        # Without this ONNX Runtime multiplies some of the int8 weights as int8, and misses the golden values.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.ready = True

    def get_input_types(self) -> list[dict]:
        return [describe(port) for port in self.session.get_inputs()]

    def get_output_types(self) -> list[dict]:
        return [describe(port) for port in self.session.get_outputs()]

    async def predict(self, payload: InferRequest, headers=None, response_headers=None) -> InferResponse:
        image = payload.get_input_by_name("image").as_numpy()
        wanted = [output.name for output in payload.request_outputs]
        arrays = await asyncio.to_thread(self.session.run, wanted, {"image": image})
        outputs = [
            InferOutput(name, list(array.shape), "FP32", array) for name, array in zip(wanted, arrays, strict=True)
        ]
        # The server wants an id in an answer, which the protocol does not.
        return InferResponse(payload.id or "1", self.name, outputs, requested_outputs=payload.request_outputs)


def describe(port) -> dict:
    assert port.type == "tensor(float)", port.type
    shape = [side if isinstance(side, int) else -1 for side in port.shape]
    return {"name": port.name, "datatype": "FP32", "shape": shape}


def networks(bundle: Path) -> list[Network]:
    manifest = tomllib.loads((bundle / "bundle.toml").read_text())
    found = [Network(network["name"], bundle / network["file"]) for network in manifest["network"]]
    if "locator" in manifest:
        found.append(Network("locator", bundle / manifest["locator"]["file"]))
    return found


def certify(folder: Path) -> dict:
    """An authority, and a certificate of 127.0.0.1 by it."""
    now = datetime.datetime.now(datetime.UTC)

    def sign(name, key, issuer, issuer_key, extension):
        names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (name, issuer)]
        builder = x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        return builder.add_extension(extension, critical=True).sign(issuer_key, hashes.SHA256())

    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.BasicConstraints(ca=True, path_length=0)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    pem = serialization.Encoding.PEM
    signed = sign("authority", authority_key, "authority", authority_key, authority)
    (folder / "authority.pem").write_bytes(signed.public_bytes(pem))
    signed = sign("server", key, "authority", authority_key, address)
    (folder / "server.pem").write_bytes(signed.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    (folder / "server.key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return {"ssl_certfile": str(folder / "server.pem"), "ssl_keyfile": str(folder / "server.key")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--announce-bytes", action="store_true")
    parser.add_argument("--tls-folder", type=Path)
    arguments = parser.parse_args()
    server = ModelServer(http_port=0, enable_grpc=False)
    for network in networks(arguments.bundle):
        server.register_model(network)
    plane = server.dataplane
    if arguments.announce_bytes:
        # It understands them, and does not say so.
        says = plane.metadata()
        plane.metadata = lambda: says | {"extensions": [*says["extensions"], "binary_tensor_data"]}
    tls = certify(arguments.tls_folder) if arguments.tls_folder else {}
    rest = RESTServer("kserve.model_server:app", plane, server.model_repository_extension, 0, **tls)
    rest.config.host = "127.0.0.1"
    rest.run()


main()
