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
SECTION = {"mrope_section": [1, 1, 2]}


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
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    words = tokenizer(QWEN)
    config = Qwen2VLConfig(
        text_config=_text(words, rope_parameters={"rope_type": "default", **SECTION}),
        vision_config={
            "depth": 1, "embed_dim": 16, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2,
            "patch_size": 14, "initializer_range": 0.4,
        },
        **_ids(words),
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(config).eval()
    return _qwen(folder, model, words, Qwen2VLProcessor, Qwen2VLVideoProcessor, 14)


def qwen2_5_vl(folder, seed=1):
    """A Qwen2.5-VL of two layers, whose pictures are seen in windows."""
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLVideoProcessor,
    )

    words = tokenizer(QWEN)
    config = Qwen2_5_VLConfig(
        text_config=_text(words, rope_parameters={"rope_type": "default", **SECTION}),
        vision_config={
            "depth": 2, "hidden_size": 16, "out_hidden_size": 32, "intermediate_size": 24,
            "num_heads": 2, "patch_size": 14, "window_size": 56, "fullatt_block_indexes": [1],
            "initializer_range": 0.4,
        },
        **_ids(words),
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(config).eval()
    return _qwen(folder, model, words, Qwen2_5_VLProcessor, Qwen2VLVideoProcessor, 14)


def qwen3_vl(folder, seed=1):
    """A Qwen3-VL of two layers, which is told the time of each pair of frames of a video."""
    from transformers import (
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    words = tokenizer(QWEN)
    rope = {"rope_type": "default", "mrope_interleaved": True, **SECTION}
    config = Qwen3VLConfig(
        text_config=_text(words, head_dim=8, rope_parameters=rope),
        vision_config={
            "depth": 2, "hidden_size": 16, "out_hidden_size": 32, "intermediate_size": 24,
            "num_heads": 2, "patch_size": 16, "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1], "initializer_range": 0.4,
        },
        **_ids(words),
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(config).eval()
    return _qwen(folder, model, words, Qwen3VLProcessor, Qwen3VLVideoProcessor, 16)


def smolvlm(folder, seed=1):
    """A SmolVLM of two layers: pictures in tiles, and frames of a video each with its time."""
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    tiles = (f"<row_{r}_col_{c}>" for r in range(1, 5) for c in range(1, 5))
    own = "fake_token_around_image", "image", "global-img", "end_of_utterance", "video"
    marks = [*(f"<{name}>" for name in own), *tiles]
    words = tokenizer(marks)
    config = SmolVLMConfig(
        vision_config={
            "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": 56, "patch_size": 14, "initializer_range": 0.4,
        },
        text_config={**_text(words), "model_type": "llama"},
        image_token_id=words.convert_tokens_to_ids("<image>"), scale_factor=2,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = SmolVLMForConditionalGeneration(config).eval()
    size = {"size": {"longest_edge": 112}, "max_image_size": {"longest_edge": 56}}
    processor = SmolVLMProcessor(
        image_processor=SmolVLMImageProcessor(**size),
        tokenizer=words,
        video_processor=SmolVLMVideoProcessor(
            **size, video_sampling={"max_frames": 8, "fps": 1, "video_size": size["size"]}
        ),
        image_seq_len=4,
        chat_template=TEMPLATE.replace("IMAGE", "<image>").replace("VIDEO", "<video>"),
    )  # fmt: skip
    return _saved(folder, model, processor)


def _text(words, **more):
    return {
        "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 2048, "initializer_range": 0.4, "bos_token_id": None,
        "eos_token_id": 1, "pad_token_id": 0, **more,
    }  # fmt: skip


def _ids(words):
    names = "vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id"
    return dict(zip(names, words.convert_tokens_to_ids(QWEN), strict=True))


def _qwen(folder, model, words, processor, films, patch):
    from transformers import Qwen2VLImageProcessor

    side = 2 * patch
    size, own = {"shortest_edge": side**2, "longest_edge": side**2 * 16}, {"patch_size": patch}
    return _saved(folder, model, processor(
        image_processor=Qwen2VLImageProcessor(size=size, **own),
        video_processor=films(size={**size, "longest_edge": side**2 * 64}, **own),
        tokenizer=words,
        chat_template=TEMPLATE.replace("IMAGE", "".join((QWEN[0], QWEN[2], QWEN[1])))
        .replace("VIDEO", "".join((QWEN[0], QWEN[3], QWEN[1]))),
    ))  # fmt: skip


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
