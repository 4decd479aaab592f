"""Vision-language models of random weights, as transformers saves them, for tests."""

import torch

from tamis.torchvision import mend_torchvision

mend_torchvision(torch)  # before transformers is imported

WORDS = """<pad> <eos> <unk> user assistant : . , ? a an the of in and to is what it there shows
this picture video clip red green blue black white car dog cat road sky tree house man moves turns
left right slowly day night rain light describe detail who where happens first then again look
description""".split()  # noqa: SIM905
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }} : {% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE"
    "{% elif c['type'] == 'video' %}VIDEO{% else %} {{ c['text'] }}{% endif %}{% endfor %}"
    "{% endif %} {% endfor %}{% if add_generation_prompt %}assistant :{% endif %}"
)
QWEN = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]


def tokenizer(marks=()):
    """Words between spaces; what it does not know is one token."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: k for k, word in enumerate(dict.fromkeys([*WORDS, *marks]))}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    fast.add_special_tokens({"additional_special_tokens": list(marks)})
    return fast


def qwen2_vl(folder, seed=1):
    """A Qwen2-VL of two layers, which takes pictures and videos."""
    from transformers import (
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    words = tokenizer(QWEN)
    ids = dict(zip(
        ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id"),
        words.convert_tokens_to_ids(QWEN), strict=True,
    ))  # fmt: skip
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 2048, "initializer_range": 0.4, "bos_token_id": None,
            "eos_token_id": 1, "pad_token_id": 0,
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2]},
        },
        vision_config={
            "depth": 1, "embed_dim": 16, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2,
            "patch_size": 14, "initializer_range": 0.4,
        },
        **ids,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(config).eval()
    size = {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 16}
    processor = Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=size),
        video_processor=Qwen2VLVideoProcessor(size={**size, "longest_edge": 28 * 28 * 64}),
        tokenizer=words,
        chat_template=TEMPLATE.replace("IMAGE", "".join((QWEN[0], QWEN[2], QWEN[1])))
        .replace("VIDEO", "".join((QWEN[0], QWEN[3], QWEN[1]))),
    )  # fmt: skip
    return _saved(folder, model, processor)


def llava(folder, seed=1):
    """A LLaVA of two layers, which takes pictures alone."""
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    words = tokenizer(["<image>"])
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
            image_size=56, patch_size=14, initializer_range=0.4,
        ),
        text_config=LlamaConfig(
            vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=2048,
            initializer_range=0.4, bos_token_id=None, eos_token_id=1, pad_token_id=0,
        ),
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(config).eval()
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(
            size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}
        ),
        tokenizer=words, patch_size=14, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )  # fmt: skip
    return _saved(folder, model, processor)


def _saved(folder, model, processor):
    model.generation_config.update(do_sample=True, temperature=0.7, top_k=5)  # is not to matter
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)
