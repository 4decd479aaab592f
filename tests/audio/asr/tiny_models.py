"""Small models of random weights, saved as their libraries save them."""

import json
from pathlib import Path

from tamis.torchvision import mend_torchvision

LANGUAGES = ("en", "de", "zh")


def whisper(folder: Path, seed: int = 0, heads: bool = True) -> str:
    """A Whisper of two layers whose tokens are the bytes, beside the usual marks."""
    import torch

    mend_torchvision(torch)  # transformers imports it
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
    )
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    folder.mkdir(parents=True, exist_ok=True)
    letters = list(bytes_to_unicode().values())
    vocabulary = {letter: k for k, letter in enumerate(letters)}
    marks = [
        "<|endoftext|>", "<|startoftranscript|>", *(f"<|{name}|>" for name in LANGUAGES),
        "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>",
        "<|notimestamps|>", *(f"<|{k * 0.02:.2f}|>" for k in range(1501)),
    ]  # fmt: skip
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "normalizer.json").write_text("{}")
    tokenizer = WhisperTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    place = {mark: tokenizer.convert_tokens_to_ids(mark) for mark in marks}
    end = place["<|endoftext|>"]
    letters_of = dict(enumerate(letters))
    letters_of |= dict.fromkeys(range(len(letters), end + len(marks)), "<>")
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=end + len(marks), num_mel_bins=80, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, d_model=16, max_target_positions=448, init_std=0.5, pad_token_id=end,
        bos_token_id=end, eos_token_id=end, decoder_start_token_id=place["<|startoftranscript|>"],
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config).eval()
    told = {
        "is_multilingual": True,
        "lang_to_id": {f"<|{name}|>": place[f"<|{name}|>"] for name in LANGUAGES},
        "task_to_id": {name: place[f"<|{name}|>"] for name in ("transcribe", "translate")},
        "no_timestamps_token_id": place["<|notimestamps|>"],
        "decoder_start_token_id": place["<|startoftranscript|>"],
        "suppress_tokens": [  # all but some letters, or texts would be no UTF-8
            k for k in range(config.vocab_size) if k != end and letters_of[k] not in "abcdeĠ."
        ],
        "begin_suppress_tokens": [vocabulary["Ġ"], end],
        "eos_token_id": end, "pad_token_id": end, "bos_token_id": end, "max_length": 448,
    }  # fmt: skip
    if heads:
        told["alignment_heads"] = [[0, 1], [1, 0]]
    model.generation_config = GenerationConfig(**told)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    return str(folder)


def wav2vec2(folder: Path, masked: bool) -> str:
    """A Wav2Vec2 of two layers with the letters a to e; `masked` as the large ones are."""
    import torch

    mend_torchvision(torch)  # transformers imports it
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
    )

    folder.mkdir(parents=True, exist_ok=True)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcde"]
    (folder / "vocab.json").write_text(json.dumps({name: k for k, name in enumerate(letters)}))
    tokenizer = Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    torch.manual_seed(3)
    config = Wav2Vec2Config(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, conv_dim=(16,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2, pad_token_id=0, initializer_range=0.6,
        feat_extract_norm="layer" if masked else "group", do_stable_layer_norm=masked,
    )  # fmt: skip
    model = Wav2Vec2ForCTC(config).eval()
    model.lm_head.weight.data *= 8  # so that not one class wins everywhere
    model.lm_head.bias.data[1:4] = -1e4  # never <s>, </s>, <unk>
    model.lm_head.bias.data[4] += 6  # words are short
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=masked).save_pretrained(folder)
    return str(folder)


def transducer(folder: Path) -> str:
    """A Parakeet TDT of one layer with a few pieces of words."""
    import torch

    mend_torchvision(torch)
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    names = ["<unk>", "▁a", "▁b", "c", "d", "▁the", "e", "<blank>"]
    made = Tokenizer(models.Unigram([(name, -1.0) for name in names], unk_id=0))
    made.decoder, made.pre_tokenizer = decoders.Metaspace(), pre_tokenizers.Metaspace()
    made.save(str(folder / "tokenizer.json"))
    tokenizer = transformers.ParakeetTokenizer(
        tokenizer_file=str(folder / "tokenizer.json"), unk_token="<unk>", pad_token="<blank>"
    )
    encoder = transformers.ParakeetEncoderConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        num_mel_bins=80, subsampling_conv_channels=8,
    )  # fmt: skip
    config = transformers.ParakeetTDTConfig(
        vocab_size=len(names), encoder_config=encoder.to_dict(), decoder_hidden_size=16,
        blank_token_id=7, pad_token_id=7, num_decoder_layers=1,
    )  # fmt: skip
    torch.manual_seed(1)
    model = transformers.ParakeetForTDT(config).eval()
    for weights in model.parameters():
        weights.data *= 8  # so that not one piece wins everywhere
    model.generation_config.decoder_start_token_id = model.generation_config.bos_token_id = 7
    model.save_pretrained(folder)
    transformers.ParakeetProcessor(
        feature_extractor=transformers.ParakeetFeatureExtractor(feature_size=80),
        tokenizer=tokenizer,
    ).save_pretrained(folder)
    return str(folder)
