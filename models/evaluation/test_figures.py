"""What the statistics promise: exact where they claim to be, and blind to order and scale."""

import unittest

import numpy as np

import figures


class Auc(unittest.TestCase):
    def test_all_in_order_is_one_and_all_tied_is_a_half(self):
        self.assertEqual(figures.auc([2, 3], [0, 1]), 1.0)
        self.assertEqual(figures.auc([0, 1], [2, 3]), 0.0)
        self.assertEqual(figures.auc([1, 1], [1, 1, 1]), 0.5)

    def test_ties_count_half_as_counting_pairs_does(self):
        rng = np.random.default_rng(3)
        a, b = rng.integers(0, 5, 40), rng.integers(0, 4, 30)
        pairs = [(x > y) + (x == y) / 2 for x in a for y in b]
        self.assertAlmostEqual(figures.auc(a, b), np.mean(pairs))

    def test_an_empty_group_is_no_number(self):
        self.assertTrue(np.isnan(figures.auc([], [1])))

    def test_a_tied_pair_falls_by_half(self):
        self.assertEqual(figures.falls([1, 2, 3, 4], [0, 2, 4, 3]), 0.625)


class Binomial(unittest.TestCase):
    def test_none_wrong_of_299_is_one_percent(self):
        self.assertAlmostEqual(figures.upper_bound(0, 299), 1 - 0.05 ** (1 / 299), places=9)
        self.assertLess(figures.upper_bound(0, 299), 0.01)
        self.assertGreater(figures.upper_bound(0, 298), 0.01)

    def test_clopper_and_pearson_as_in_the_tables(self):
        # Two-sided 95 % for 1 of 10 and 5 of 10, as printed in tables of exact intervals.
        for hits, low, high in ((1, 0.0025, 0.4450), (5, 0.1871, 0.8129)):
            found = figures.clopper_pearson(hits, 10)
            self.assertAlmostEqual(found[0], low, places=4)
            self.assertAlmostEqual(found[1], high, places=4)

    def test_ends_are_the_ends(self):
        self.assertEqual(figures.clopper_pearson(0, 20)[0], 0.0)
        self.assertEqual(figures.clopper_pearson(20, 20)[1], 1.0)
        self.assertEqual(figures.clopper_pearson(0, 0), (0.0, 1.0))


class Bootstrap(unittest.TestCase):
    def test_frames_of_one_scene_are_no_further_evidence(self):
        hits = [1, 0] * 10
        alone = figures.share_interval(hits, [f"scene {i}" for i in range(20)])
        repeated = figures.share_interval(np.repeat(hits, 50), np.repeat(np.arange(20), 50))
        self.assertAlmostEqual(alone[1] - alone[0], repeated[1] - repeated[0], delta=0.05)

    def test_too_few_scenes_give_no_interval(self):
        self.assertIsNone(figures.share_interval([1, 0, 1] * 20, ["a", "b", "c"] * 20))
        self.assertIsNone(figures.auc_interval([1] * 9, [0] * 9, ["a"] * 9, list(range(9))))

    def test_none_in_few_is_not_taken_for_never(self):
        low, high = figures.share_interval([0] * 29, list(range(29)))
        self.assertEqual(low, 0.0)
        self.assertAlmostEqual(high, figures.clopper_pearson(0, 29)[1])

    def test_the_same_frames_give_the_same_interval(self):
        rng = np.random.default_rng(5)
        a, b = rng.normal(1, 1, 60), rng.normal(0, 1, 60)
        scenes = list(np.arange(60) // 3)
        first = figures.auc_interval(a, b, scenes, scenes)
        self.assertEqual(first, figures.auc_interval(a, b, scenes, scenes))
        self.assertTrue(first[0] < figures.auc(a, b) < first[1])

    def test_wins_of_scenes_sum_to_the_auc(self):
        a, b = np.array([0.2, 0.5, 0.9]), np.array([0.5, 0.1])
        table = figures.wins(a, b, ["x", "y", "x"], ["y", "y"], ["x", "y"])
        self.assertAlmostEqual(table.sum() / 6, figures.auc(a, b))


class Threshold(unittest.TestCase):
    def test_at_most_the_share_reaches_it(self):
        scores = np.r_[np.linspace(0, 1, 400), np.full(10, 0.999)]
        for share in (0.0, 0.01, 0.02, 0.5):
            least = figures.lowest_threshold(scores, share)
            self.assertLessEqual(np.mean(scores >= least), share)
        self.assertLess(figures.lowest_threshold(scores, 0.5), 0.6)


if __name__ == "__main__":
    unittest.main()
