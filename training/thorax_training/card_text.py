"""The words of the model card; `card` fills in the tables."""

TEMPLATE = """# Model card: {bundle}

**Decision support, not a diagnosis.** Six networks look at one frontal chest film and give each of four labels a
probability: COVID, Lung Opacity, Normal, Viral Pneumonia. A clinician decides. Not a medical device; not tested on
patients.

## What it is made of

Frozen backbones, each with a linear head on the mean of its last feature grid; the class activation map is that same
head on every cell, so the map explains the logits exactly. Two of the six, ResNet-50-thin and Inception-V3, were
content-moderation classifiers before: their training pictures were not medical. None was trained on chest films before
the heads were.

{origins}

{from_evaluate}
## What it learned from

4,297 frontal films, split by patient (train 3,245, val 508, test 544); films without a patient id are in train only.
Heads are balanced by class and, within a class, by source.

{data}

## How well it does, on films of sources it knows

Heads were fitted on train, everything else on val, nothing on test. Intervals by bootstrap over patients. These
figures share their sources with training and are therefore flattering: read the next section before quoting them.

Test:

{test}

Val (used for calibration):

{val}

By source, test, ensemble:

{sources}

{from_evaluate}
## How well it does, on COVID from a source it has never seen

Area under the ROC curve for COVID when all films of a source were kept out of training. The penalty of each head was
chosen on such figures without the test split, so they are slightly hopeful. The mean of all networks is the ensemble.

{outside}

{from_evaluate}
## The border-only baseline

A linear classifier that sees nothing but the outer 6 % of the film, where there is no lung. What it reaches inside the
data set is what can be had from the source alone; the recipe cuts this border off.

{border}

{from_evaluate}
## Calibration, agreement, what each network adds

Prediction sets (split conformal, LAC). {conformal}

{agreement}

Test figures of the ensemble without each network:

{without}

Share of test films on which two networks name different labels:

{disagreement}

{from_evaluate}
## The input gate

Classifier on one network's embedding, plus limits on size, shape, contrast and sharpness. "Refused by classifier" in
the second table is out of fold, by picture; "whole kind unseen" is a gate that saw no picture of that kind (all CT
kinds together, lateral and upside-down films together).

{gate}

{from_gate}
## Lungs

A linear probe on DINOv2's patch tokens; Dice {dice} on test films against the map of another network, not against hand
drawings.

{from_train}
## Cost of int8 storage

Same heads, weights as they are stored (int8 per output channel) against float32.

{storage}

{from_storage}
## Choice of the recipe

EfficientNet-Lite0 with a linear head; "left-out sources" is the mean AUROC for COVID over sources kept out of training.
CLAHE did not help and is left out of the recipe; bringing each film to one mean and deviation was no clear gain. Equalising
the whole histogram gained a little for single networks and nothing for the six together (mean over left-out sources 0.755
against 0.759), so it is left out as well.

{recipe}

{from_recipe}
## Limits

- Published models with 0.95 and more on data like this fall to 0.66-0.83 elsewhere. Expect the same here.
- 98 % of "Viral Pneumonia" are children of one to five years; for an adult the label carries a warning.
- A normal film does not rule out COVID, and some COVID films of the sources show no visible disease.
- NIH labels were mined from reports. "Lung Opacity" lacks the large public RSNA set.
- COVID in val and test comes from one source only (ieee8023): the others have no patient ids.
- Films of the training set are JPEG copies of at most 320 pixels; full-size films reach the networks at 224 x 224.
- Sex, age and device of most films are unknown, so no figures by group are given.
"""
