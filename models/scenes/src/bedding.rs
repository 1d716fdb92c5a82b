//! The bed's covers: what they are, and how they lie with and without somebody.
//!
//! What a cover *is* (its cloth, thickness and print) is drawn once for a room; how it *lies* is
//! drawn for a [`Bedding`], apart. Neither knows of a person, so an empty bed is rumpled as often
//! as a full one and no blanket belongs to a class. A person only lifts the covers, and may leave
//! them as they fell. Deliberately without the forming of the cloth itself: see [`crate::cloth`].

use crate::bed::Bed;
use crate::body::Body;
use crate::cloth::{Cloth, Still};
use crate::dice::Dice;
use crate::fabric::{Fabric, Grid};
use crate::lie::{Extent, Fold, Lie};
use crate::noise::rough;

/// The state of the bedding, the same whether or not somebody is in bed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bedding {
    /// No cover: a sheet or a bare mattress.
    Bare,
    /// Flat, up to the pillow.
    Made,
    /// Flat and stretched, its sides under the mattress, as in a hospital.
    Tucked,
    /// Flat, the upper part turned down.
    FoldedBack,
    /// As somebody just left it or turns under it: folds, a slanting hem, perhaps a hollow bulge.
    Rumpled,
    /// Pushed down to the foot end.
    PushedDown,
    /// Thrown together in a heap.
    Heaped,
}

/// All covers of a bed, the lowest first.
#[derive(Clone, Debug)]
pub(crate) struct Covers {
    pub(crate) bedding: Bedding,
    layers: Vec<(Cloth, Lie)>,
}

/// Heights of the layers' tops, one layer after the other.
type Tops = Vec<Vec<f32>>;

impl Covers {
    /// Draws covers in a state of chance; `how` draws the state and how they lie.
    pub(crate) fn draw(what: &mut Dice, how: &mut Dice, bed: &Bed) -> Self {
        let bedding = match how.unit() {
            x if x < 0.05 => Bedding::Bare,
            x if x < 0.24 => Bedding::Made,
            x if x < 0.34 => Bedding::Tucked,
            x if x < 0.5 => Bedding::FoldedBack,
            x if x < 0.77 => Bedding::Rumpled,
            x if x < 0.87 => Bedding::PushedDown,
            _ => Bedding::Heaped,
        };
        Self::laid(what, how, bed, bedding)
    }

    /// Draws covers in the state `bedding`. The same `what` gives the same cloths in every state.
    pub(crate) fn laid(what: &mut Dice, how: &mut Dice, bed: &Bed, bedding: Bedding) -> Self {
        let cloths = cloths(what, bed);
        let layers = if bedding == Bedding::Bare {
            Vec::new()
        } else {
            let lie = |(cloth, lane): (Cloth, Lane)| {
                let lie = Lie::draw(how, bedding, lane.span(bed), lane.extent(), bed);
                (cloth, lie)
            };
            cloths.into_iter().map(lie).collect()
        };
        Self { bedding, layers }
    }

    /// Lays the covers over the bed's pillows and over `lying`, the people under them.
    pub(crate) fn lay(&self, bed: &Bed, lying: &[&Body]) -> Vec<Fabric> {
        let grid = grid(bed);
        let still = self.still(bed, &grid);
        let empty = self.tops(&still, bed, &grid, &[]);
        let with = if lying.is_empty() {
            empty.clone()
        } else {
            self.tops(&still, bed, &grid, lying)
        };
        self.fabrics(bed, grid, still, with, &empty)
    }

    /// Lays the covers as `lying` just left them: part of the bulge stays, and they may have been
    /// thrown back or thrown together on the way out.
    pub(crate) fn lay_left(&self, bed: &Bed, lying: &[&Body], dice: &mut Dice) -> Vec<Fabric> {
        let grid = grid(bed);
        let calm = self.tops(&self.still(bed, &grid), bed, &grid, &[]);
        let mut left = self.clone();
        let manner = dice.unit();
        let bundled = matches!(self.bedding, Bedding::PushedDown | Bedding::Heaped);
        if !bundled {
            match manner {
                x if x < 0.45 => {}
                x if x < 0.78 => left.throw_back(dice, bed),
                _ => left.throw_together(dice, bed),
            }
        }
        let still = left.still(bed, &grid);
        let empty = left.tops(&still, bed, &grid, &[]);
        let with = left.tops(&still, bed, &grid, lying);
        let (level, seed) = (dice.between(0.0, 1.15), crate::material::seed(dice));
        let kept =
            grid.map(|u, v| (level * (0.6 + 0.9 * rough(2.2 * u, 2.2 * v, seed))).clamp(0.0, 1.0));
        let blend = |(empty, with): (&Vec<f32>, &Vec<f32>)| {
            let heights = empty.iter().zip(with).zip(&kept);
            heights.map(|((e, w), kept)| e + (w - e) * kept).collect()
        };
        let tops = empty.iter().zip(&with).map(blend).collect();
        left.fabrics(bed, grid, still, tops, &calm)
    }

    /// Turned over towards one side or the foot, as in getting up.
    fn throw_back(&mut self, dice: &mut Dice, bed: &Bed) {
        let (side, half) = (dice.side(), 0.5 * bed.width);
        for (_, lie) in &mut self.layers {
            let lean = dice.between(0.0, 1.3);
            let at = (
                side * dice.between(-0.1, 0.5 * half),
                dice.between(0.55, 1.2),
            );
            lie.fold = Some(Fold {
                at,
                away: (side * lean.sin(), -lean.cos()),
            });
        }
    }

    fn throw_together(&mut self, dice: &mut Dice, bed: &Bed) {
        let half = 0.5 * bed.width;
        for (_, lie) in &mut self.layers {
            let heap = dice.pick(&[Bedding::PushedDown, Bedding::Heaped]);
            *lie = Lie::draw(dice, heap, (-half, half), Extent::Full, bed);
        }
    }

    fn still(&self, bed: &Bed, grid: &Grid) -> Vec<Still> {
        let layers = self.layers.iter();
        layers
            .map(|(cloth, lie)| cloth.still(lie, bed, grid))
            .collect()
    }

    fn tops(&self, still: &[Still], bed: &Bed, grid: &Grid, lying: &[&Body]) -> Tops {
        let mut ground = grid.map(|u, v| bed.pillow_height(u, v));
        let mut raised = ground.clone();
        let mut tops = Vec::with_capacity(self.layers.len());
        for ((cloth, _), still) in self.layers.iter().zip(still) {
            for body in lying {
                body.raise(&bed.place, grid, &mut raised, cloth.rounding());
            }
            let top = cloth.form(still, grid, &ground, &raised);
            for (i, height) in top.iter().enumerate() {
                if still.inside[i] > 0.0 {
                    ground[i] = ground[i].max(*height);
                    raised[i] = raised[i].max(*height);
                }
            }
            tops.push(top);
        }
        tops
    }

    fn fabrics(
        &self,
        bed: &Bed,
        grid: Grid,
        still: Vec<Still>,
        tops: Tops,
        calm: &Tops,
    ) -> Vec<Fabric> {
        let mut fabrics = Vec::with_capacity(tops.len());
        let layers = self.layers.iter().zip(still);
        for (((cloth, lie), still), (top, calm)) in layers.zip(tops.into_iter().zip(calm)) {
            let lifts = top.iter().zip(calm).map(|(with, without)| with - without);
            let lifts = lifts.collect();
            fabrics.push(Fabric::new(
                bed.place,
                grid,
                (top, still),
                lifts,
                cloth.print(lie),
            ));
        }
        fabrics
    }
}

/// The grid that every cover of a bed is laid on.
fn grid(bed: &Bed) -> Grid {
    /// Cloth that hangs down is drawn within this distance beyond the mattress, in metres.
    const APRON: f32 = 0.14;
    let half = bed.width * 0.5;
    Grid::over((-half - APRON, -0.02), (half + APRON, bed.length + APRON))
}

/// Which part of the bed a cover is for.
#[derive(Clone, Copy, Debug)]
enum Lane {
    Whole,
    Left,
    Right,
    Throw,
}

impl Lane {
    /// From where to where it lies across the bed.
    fn span(self, bed: &Bed) -> (f32, f32) {
        let half = 0.5 * bed.width;
        match self {
            Self::Whole | Self::Throw => (-half, half),
            Self::Left => (-half, 0.08),
            Self::Right => (-0.08, half),
        }
    }

    fn extent(self) -> Extent {
        match self {
            Self::Throw => Extent::Across,
            Self::Whole | Self::Left | Self::Right => Extent::Full,
        }
    }
}

/// The cloths of a bed: one cover or two halves on a double bed, sometimes a sheet below or a
/// throw above.
fn cloths(dice: &mut Dice, bed: &Bed) -> Vec<(Cloth, Lane)> {
    let main = Cloth::cover(dice);
    let mut cloths = Vec::new();
    if dice.chance(0.15) {
        cloths.push((Cloth::sheet(dice), Lane::Whole));
    }
    if bed.width > 1.35 && dice.chance(0.35) {
        let other = main.sister(dice);
        cloths.push((main, Lane::Left));
        cloths.push((other, Lane::Right));
    } else {
        cloths.push((main, Lane::Whole));
    }
    if dice.chance(0.2) {
        cloths.push((Cloth::throw(dice), Lane::Throw));
    }
    cloths
}
