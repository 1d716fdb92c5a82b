"""What pushing to night, damaging and reading labels promise."""

import unittest

import cv2
import numpy as np

import damage
import failures
import figures
import judged
import night
import pairs
import report
import research
import rooms
import safety
import thin


def room(seed, shape=(366, 640)):
    """A daylight picture of shapes of many tones."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 250, (6, 8)).astype(np.uint8)
    rows = np.repeat(blocks, -(-shape[0] // 6), axis=0)[: shape[0]]
    return np.repeat(rows, -(-shape[1] // 8), axis=1)[:, : shape[1]].copy()


class Night(unittest.TestCase):
    def test_the_same_pixels_become_the_same_night_whatever_is_in_them(self):
        luma = room(1)
        self.assertTrue(np.array_equal(night.pushed(luma), night.pushed(luma.copy())))
        self.assertEqual(night.pushed.__code__.co_argcount, 1)

    def test_every_picture_gets_the_night_mean(self):
        for seed in range(6):
            for gain in (0.3, 0.6, 1.0):
                mean = night.pushed((room(seed) * gain).astype(np.uint8)).mean()
                self.assertAlmostEqual(mean, night.MEAN, delta=1)

    def test_brightness_no_longer_tells_two_groups_apart(self):
        bright = [night.pushed(room(i)).mean() for i in range(12)]
        dark = [night.pushed((room(50 + i) * 0.4).astype(np.uint8)).mean() for i in range(12)]
        self.assertLess(max(figures.auc(bright, dark), figures.auc(dark, bright)), 0.85)

    def test_corners_are_darker_and_sizes_stay(self):
        for shape in ((240, 320), (167, 250), (256, 256), (241, 333)):
            made = night.pushed(np.full(shape, 128, np.uint8))
            self.assertEqual(made.shape, shape)
            self.assertGreater(made[shape[0] // 2 - 5 : shape[0] // 2 + 5].mean(),
                               made[:10].mean())

    def test_a_black_picture_stays_black(self):
        self.assertLess(night.pushed(np.zeros((240, 320), np.uint8)).mean(), 6)


class Damage(unittest.TestCase):
    def test_a_cover_takes_the_share_that_it_says(self):
        for share in (0.3, 0.6, 0.9):
            luma = np.zeros((240, 320))
            made = damage.covered(np.random.default_rng(7), luma, share)
            self.assertAlmostEqual(np.mean(made > made.max() / 2), share, delta=0.12)

    def test_every_kind_is_the_same_again_and_none_is_the_picture(self):
        luma = room(2)
        first, again = list(damage.copies(luma, 5)), list(damage.copies(luma, 5))
        self.assertEqual([kind for kind, _ in first], list(damage.KINDS))
        for (kind, a), (_, b) in zip(first, again):
            self.assertTrue(np.array_equal(a, b), kind)
            self.assertGreater(np.abs(a.astype(int) - luma).mean(), 1, kind)


class Labels(unittest.TestCase):
    def test_a_column_nobody_knew_becomes_a_condition(self):
        rows = [{"more": {"pet": pet, "serial": str(i), "same": "x"}}
                for i, pet in enumerate(["cat", "dog", "none"] * 6)]
        rooms.mark_names(rows)
        self.assertEqual({name for row in rows for name in row["more"]}, {"pet"})

    def test_conditions_go_by_what_shows(self):
        def named(**row):
            return rooms.condition({"occupant": "in_bed", "bedding": "heaped", **row})
        self.assertEqual(named(person_px="20", covered_share="0.9"),
                         "in bed, hardly anything shows")
        self.assertEqual(named(person_px="300", covered_share="0.9"),
                         "in bed, covered but for the head")
        self.assertEqual(named(person_px="3000", covered_share="0.1"), "in bed, uncovered")
        self.assertEqual(named(occupant="nobody"), "empty, heaped")
        self.assertEqual(named(occupant="nobody", kind="left"), "empty, just left")

    def test_the_rooms_are_drawn_by_a_seed_kept_for_measuring(self):
        self.assertGreaterEqual(rooms.SEED, rooms.RESERVED_FROM)

    def test_thinning_keeps_the_same_rows_of_each_source(self):
        rows = [{"file": f"frames/{'places' if i % 2 else 'few'}/{i}.jpg"} for i in range(100)]
        kept = thin.thinned(rows, {"places": 10})
        self.assertEqual(sum("few" in row["file"] for row in kept), 50)
        self.assertEqual(sum("places" in row["file"] for row in kept), 5)


class Findings(unittest.TestCase):
    THRESHOLDS = {"visible": 0.8, "not_visible": 0.2, "elsewhere": 0.6}

    def row(self, in_place, elsewhere=0.0, health="ok", scene="a"):
        return {"in_place": in_place, "elsewhere": elsewhere, "health": health, "scene": scene}

    def test_another_threshold_changes_only_what_is_above_it(self):
        for visible, wanted in ((0.5, "visible"), (0.7, "unclear")):
            self.assertEqual(judged.finding_at(self.row(0.6), visible, self.THRESHOLDS), wanted)
        for row in (self.row(0.9, elsewhere=0.9), self.row(0.9, health="dark")):
            self.assertNotEqual(judged.finding_at(row, 0.1, self.THRESHOLDS), "visible")

    def test_a_room_is_wrong_if_any_of_its_empty_pictures_is(self):
        rows = [self.row(0.1), self.row(0.9), self.row(0.3, scene="b"),
                self.row(0.99, health="dark", scene="c")]
        self.assertEqual(sorted(safety.worst(rows, self.THRESHOLDS)), [-1.0, 0.3, 0.9])

    def test_a_proven_threshold_needs_rooms_enough(self):
        self.assertIsNone(safety.proven([0.1] * 298))
        self.assertIsNotNone(safety.proven([0.1] * 299))


class Bounds(unittest.TestCase):
    def rows(self, findings):
        return [{"finding": finding, "scene": scene} for finding, scene in findings]

    def test_a_share_of_none_has_a_bound_that_only_more_scenes_lower(self):
        few = self.rows([("unclear", f"{i // 50}") for i in range(300)])
        many = self.rows([("unclear", f"{i}") for i in range(299)])
        self.assertEqual(report.bounded(few), "0.39 (0 of 6 scenes)")
        self.assertEqual(report.bounded(many), "0.010 (0 of 299 scenes)")

    def test_a_scene_is_wrong_once_however_many_frames_are(self):
        rows = self.rows([("visible", "a"), ("visible", "a"), ("unclear", "b")])
        self.assertTrue(report.bounded(rows).endswith("(1 of 2 scenes)"))


class Failures(unittest.TestCase):
    def test_a_sheet_of_noise_still_fits(self):
        noise = np.random.default_rng(1).integers(0, 256, (900, 800)).astype(np.uint8)
        made = failures.encoded(noise)
        self.assertLessEqual(len(made), failures.BYTES_MAX)
        again = cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_GRAYSCALE)
        self.assertEqual(again.shape, noise.shape)

    def test_the_worst_are_of_different_rooms(self):
        rows = [{"in_place": i / 10, "scene": str(i // 2)} for i in range(10)]
        self.assertEqual([row["in_place"] for row in failures.worst(rows, False)],
                         [0.9, 0.7, 0.5, 0.3])
        self.assertEqual([row["in_place"] for row in failures.worst(rows, True)],
                         [0.0, 0.2, 0.4, 0.6])


class Second(unittest.TestCase):
    def test_places_are_read_as_the_program_reads_them(self):
        self.assertEqual(research.polygons(" "), (research.frames.WHOLE_FRAME,))
        self.assertEqual(research.polygons("0 0 .5 0 .5 1; .6 0 1 0 1 1 ;"),
                         (((0, 0), (0.5, 0), (0.5, 1)), ((0.6, 0), (1, 0), (1, 1))))


class Pairs(unittest.TestCase):
    def test_a_pair_that_a_light_meter_wins_does_not_count(self):
        def row(source, label, value, mean):
            return {"source": source, "label": label, "light": "as is", "scene": f"{value}{mean}",
                    "in_place": value, "anywhere": value, "name": "", "mean": mean,
                    "contrast": 1.0, "sharpness": 1.0}
        asleep = [row(pairs.FALLING, "person_in_bed", 0.5 + i / 100, 30 + i) for i in range(10)]
        empty = [row(pairs.SCENE, "empty_bed", i / 100, 100 + i) for i in range(10)]
        found = pairs.compared(asleep + empty, [])
        self.assertEqual([each["fair"] for each in found], [False])
        self.assertTrue(np.isnan(pairs.macro(found)))
        self.assertEqual(pairs.macro(found, None, False), 1.0)


if __name__ == "__main__":
    unittest.main()
