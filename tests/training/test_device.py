import pytest
import torch

from stages.errors import UserError
from stages.training import device

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is present")


@without_gpu
def test_cuda_where_there_is_none_is_refused_in_one_line():
    with pytest.raises(UserError, match="no CUDA device was found") as raised:
        device.pick("cuda")
    assert "\n" not in str(raised.value)
    assert "--device" in str(raised.value)


@without_gpu
def test_auto_falls_back_to_the_cpu():
    assert device.pick("auto") == torch.device("cpu")


def test_cpu_uses_one_thread_and_an_exact_product():
    assert device.pick("cpu") == torch.device("cpu")
    assert torch.get_num_threads() == 1
    random = torch.Generator().manual_seed(1)
    a, b = (torch.randn(128, 128, generator=random) for _ in range(2))
    exact = a.double() @ b.double()
    assert ((a @ b).double() - exact).abs().max() / exact.abs().max() < device.TOLERANCE


def test_an_inexact_product_is_not_chosen(monkeypatch):
    """A library whose fast mode rounds too much loses, however fast it is."""
    device.fastest_exact_precision.cache_clear()
    real = torch.Tensor.__matmul__

    def rounded(a, b):
        product = real(a, b)
        return product.bfloat16().float() if torch.get_float32_matmul_precision() == "medium" else product

    monkeypatch.setattr(device, "TOLERANCE", 1e-5)
    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    monkeypatch.setattr(
        device, "_seconds", lambda a, b: {"highest": 1.0, "medium": 0.1}[torch.get_float32_matmul_precision()]
    )
    assert device.fastest_exact_precision() == "highest"
    device.fastest_exact_precision.cache_clear()


@pytest.mark.parametrize(("medium", "chosen"), [(0.5, "medium"), (0.95, "highest"), (2.0, "highest")])
def test_the_clearly_faster_exact_product_is_chosen(monkeypatch, medium, chosen):
    device.fastest_exact_precision.cache_clear()
    seconds = {"highest": 1.0, "medium": medium}
    monkeypatch.setattr(device, "TOLERANCE", 1.0)
    monkeypatch.setattr(device, "_seconds", lambda a, b: seconds[torch.get_float32_matmul_precision()])
    before = torch.get_float32_matmul_precision()
    assert device.fastest_exact_precision() == chosen
    assert torch.get_float32_matmul_precision() == before
    device.fastest_exact_precision.cache_clear()


def test_chunks_shrink_with_the_number_of_networks():
    cpu = torch.device("cpu")
    assert device.chunk_rows(cpu, 1) > device.chunk_rows(cpu, 20) >= 256
    assert device.chunk_rows(cpu, 10_000) >= 256
    assert device.chunk_rows(torch.device("cuda"), 20) > device.chunk_rows(cpu, 20)


def test_description_names_the_device():
    assert device.describe(torch.device("cpu")).startswith("cpu (1 thread")
