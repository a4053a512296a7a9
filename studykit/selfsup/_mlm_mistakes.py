"""Wrong ways to mask tokens: one right computation, each deviating from it in one place."""

import torch


def bernoulli(shape, p, generator=None):
    return torch.rand(shape, generator=generator) < p


class Masking:
    """Right as it is; a mistake overrides one of its steps."""

    ignored = -100
    shares = (0.8, 0.5)  # of the chosen the mask, of the rest a random token

    def choose(self, ids, special, p, rng):
        return bernoulli(ids.shape, p, rng) & ~special

    def fates(self, chosen, rng):
        masked = bernoulli(chosen.shape, self.shares[0], rng) & chosen
        return masked, bernoulli(chosen.shape, self.shares[1], rng) & chosen & ~masked

    def words(self, ids, vocab_size, rng):
        return torch.randint(0, vocab_size, ids.shape, generator=rng)

    def applied(self, ids, masked, random, mask_id, words):
        return ids.masked_fill(masked, mask_id).where(~random, words)

    def labels(self, ids, chosen, inputs):
        return ids.masked_fill(~chosen, self.ignored)

    def generator(self, given):
        return given

    def __call__(self, ids, mask_id, vocab_size, special_mask=None, probability=0.15, generator=None):
        rng = self.generator(generator)
        special = torch.zeros(ids.shape, dtype=torch.bool) if special_mask is None else special_mask
        chosen = self.choose(ids, special, probability, rng)
        masked, random = self.fates(chosen, rng)
        inputs = self.applied(ids, masked, random, mask_id, self.words(ids, vocab_size, rng))
        return inputs, self.labels(ids, chosen, inputs)


class OfAllTokens(Masking):
    def fates(self, chosen, rng):
        return super().fates(torch.ones_like(chosen), rng)


class LabelsEverywhere(Masking):
    def labels(self, ids, chosen, inputs):
        return ids.clone()


class LabelsInverted(Masking):
    def labels(self, ids, chosen, inputs):
        return ids.masked_fill(chosen, -100)


class LabelsCorrupted(Masking):
    def labels(self, ids, chosen, inputs):
        return inputs.masked_fill(~chosen, -100)


class KeptNotPredicted(Masking):
    def labels(self, ids, chosen, inputs):
        return ids.masked_fill(inputs == ids, -100)


class OnlyTheMaskPredicted(Masking):
    def fates(self, chosen, rng):
        masked, random = super().fates(chosen, rng)
        self.seen = masked
        return masked, random

    def labels(self, ids, chosen, inputs):
        return ids.masked_fill(~self.seen, -100)


class IgnoredAsZero(Masking):
    ignored = 0


class NotConditional(Masking):
    shares = (0.8, 0.1)


class AlwaysMask(Masking):
    shares = (1.0, 0.0)


class NeverRandom(Masking):
    shares = (0.8, 0.0)


class NeverKept(Masking):
    shares = (0.8, 1.0)


class SharesExchanged(Masking):
    shares = (0.1, 8 / 9)


class MaskOverwritten(Masking):
    def fates(self, chosen, rng):
        return bernoulli(chosen.shape, 0.8, rng) & chosen, bernoulli(chosen.shape, 0.5, rng) & chosen


class TenthOverTheMask(Masking):
    def fates(self, chosen, rng):
        return bernoulli(chosen.shape, 0.8, rng) & chosen, bernoulli(chosen.shape, 0.1, rng) & chosen


class OneFateForAll(Masking):
    def fates(self, chosen, rng):
        u = torch.rand((), generator=rng)
        return chosen & (u < 0.8), chosen & (u >= 0.8) & (u < 0.9)


class InPlace(Masking):
    def __call__(self, ids, mask_id, vocab_size, special_mask=None, probability=0.15, generator=None):
        inputs, labels = super().__call__(ids, mask_id, vocab_size, special_mask, probability, generator)
        return ids.copy_(inputs), labels


class SpecialIgnored(Masking):
    def choose(self, ids, special, p, rng):
        return bernoulli(ids.shape, p, rng)


class SpecialInverted(Masking):
    def choose(self, ids, special, p, rng):
        return bernoulli(ids.shape, p, rng) & (special if special.any() else ~special)


class SpecialLabelsOnly(Masking):
    def choose(self, ids, special, p, rng):
        self.special = special
        return bernoulli(ids.shape, p, rng)

    def labels(self, ids, chosen, inputs):
        return ids.masked_fill(~chosen | self.special, -100)


class ZeroIsPadding(Masking):
    def choose(self, ids, special, p, rng):
        return bernoulli(ids.shape, p, rng) & ~special & (ids != 0)


class FixedCount(Masking):
    def choose(self, ids, special, p, rng):
        scores = torch.rand(ids.shape, generator=rng).masked_fill(special, 2.0)
        count = ((~special).sum(-1, keepdim=True) * p).round()
        return (scores.argsort(-1).argsort(-1) < count) & ~special


class FixedTotal(Masking):
    def choose(self, ids, special, p, rng):
        scores = torch.rand(ids.shape, generator=rng).masked_fill(special, 2.0)
        ranks = scores.flatten().argsort().argsort().view(ids.shape)
        return (ranks < round(p * int((~special).sum()))) & ~special


class SameInEveryRow(Masking):
    def choose(self, ids, special, p, rng):
        return bernoulli(ids.shape[-1:], p, rng) & ~special


class WholeRows(Masking):
    def choose(self, ids, special, p, rng):
        return bernoulli((*ids.shape[:-1], 1), p, rng) & ~special


class Spans(Masking):
    def choose(self, ids, special, p, rng):
        # A token is chosen where it or the one before begins a span.
        starts = bernoulli(ids.shape, 1 - (1 - p) ** 0.5, rng)
        return (starts | starts.roll(1, -1)) & ~special


class ProbabilityIgnored(Masking):
    def choose(self, ids, special, p, rng):
        return bernoulli(ids.shape, 0.15, rng) & ~special


class ProbabilityOfKeeping(Masking):
    def choose(self, ids, special, p, rng):
        return ~bernoulli(ids.shape, p, rng) & ~special


class FixedMasks(Masking):
    def generator(self, given):
        return torch.Generator().manual_seed(0)


class GeneratorIgnored(Masking):
    def generator(self, given):
        return None


class GeneratorForTheChoiceOnly(Masking):
    def fates(self, chosen, rng):
        return super().fates(chosen, None)

    def words(self, ids, vocab_size, rng):
        return super().words(ids, vocab_size, None)


class OneWord(Masking):
    def words(self, ids, vocab_size, rng):
        return torch.randint(0, vocab_size, (), generator=rng).expand(ids.shape)


class LastWordMissing(Masking):
    def words(self, ids, vocab_size, rng):
        return torch.randint(0, vocab_size - 1, ids.shape, generator=rng)


class FirstWordMissing(Masking):
    def words(self, ids, vocab_size, rng):
        return torch.randint(1, vocab_size, ids.shape, generator=rng)


class BeyondTheVocabulary(Masking):
    def words(self, ids, vocab_size, rng):
        return torch.randint(0, vocab_size + 1, ids.shape, generator=rng)


class WordsOfTheBatch(Masking):
    def words(self, ids, vocab_size, rng):
        return ids.flatten()[torch.randperm(ids.numel(), generator=rng)].view(ids.shape)
