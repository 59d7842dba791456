"""What is known of each model beside its builder: its kind, and the test of what it exists for.

`aejax models` prints it. A model that is not listed gets its neighbours' kind. Long because: it has
a line or more of every model.
"""

from __future__ import annotations

from typing import NamedTuple

from aejax.models import MODELS


class Entry(NamedTuple):
    """Where a model belongs, and the test that shows the property it exists for."""

    kind: str
    test: str


# name -> kind, "test file::test": the models of the pages and the gallery.
LISTED: dict[str, Entry] = {
    name: Entry(kind, f"tests/{file if '/' in file else f'models/test_{file}'}.py::test_{test}")
    for kind, lines in {
        "undercomplete": {
            "undercomplete": ("undercomplete", "beats_pca_of_the_same_size_on_digits"),
        },
        "linear": {
            "linear": ("linear", "spans_the_principal_subspace"),
            "linear_l2": ("linear", "l2_recovers_directions_and_singular_values"),
            "linear_tied": (
                "linear",
                "tied_weights_are_orthonormal_and_single_directions_stay_mixed",
            ),
        },
        "deep, stacked": {
            "deep_rbm": ("deep_rbm", "unrolled_reconstruction_is_the_mean_field_pass"),
            "stacked": ("stacked", "pretraining_is_layer_wise_bit_for_bit"),
            "stacked_denoising": ("stacked", "pretraining_is_layer_wise_bit_for_bit"),
        },
        "sparse": {
            "sparse_l1": ("sparse", "a_heavier_penalty_leaves_fewer_active"),
            "sparse_kl": ("sparse", "mean_activation_comes_to_rho"),
            "k_sparse": ("k_sparse", "exactly_k_active_and_alpha_k_at_evaluation"),
            "winner_take_all": (
                "winner_take_all",
                "each_unit_is_kept_on_its_largest_examples_of_the_batch",
            ),
        },
        "sparse dictionary": {
            "topk": ("topk", "topk_with_auxiliary_loss_recovers_the_planted_dictionary"),
            "batch_topk": (
                "topk",
                "batch_topk_recovers_and_its_threshold_keeps_k_on_average",
            ),
            "jump_relu": (
                "jump_relu",
                "recovers_the_dictionary_sparsely_and_does_not_shrink",
            ),
            "gated": ("gated", "recovers_the_dictionary_where_l1_shrinks"),
            "dictionary_l1": ("topk", "l1_shrinks_where_topk_does_not"),
        },
        "denoising": {
            "denoising": ("denoising", "reconstructs_the_clean_image_better_than_its_input"),
        },
        "contractive": {
            "contractive": (
                "contractive_family",
                "the_contraction_ratio_falls_near_the_data",
            ),
            "contractive_deep": (
                "contractive_family",
                "the_deep_penalty_is_the_exact_jacobian_of_all_layers",
            ),
            "contractive_higher": (
                "contractive_family",
                "cae_h_lowers_the_norm_of_the_hessian",
            ),
            "regularized_decoder": (
                "regularized_decoder",
                "the_decoder_moves_less_for_the_same_step_in_the_code",
            ),
        },
        "convolutional": {
            "convolutional": (
                "convolutional",
                "maps_move_by_one_when_the_image_moves_by_the_strides",
            ),
            "convolutional_pooled": ("convolutional_pooled", "the_decoder_reads_the_switches"),
        },
        "variational": {
            "vae": ("linear_vae", "linear_vae_reaches_probabilistic_pcas_log_likelihood"),
            "beta_vae": ("shaped_vae", "beta_weighs_the_divergence_and_not_the_report"),
            "capacity_vae": ("shaped_vae", "capacity_holds_the_divergence_at_its_target"),
            "free_bits_vae": ("shaped_vae", "free_bits_keep_every_dimension_in_use"),
            "warmup_vae": ("shaped_vae", "warmup_brings_the_divergence_in"),
            "iwae": (
                "iwae",
                "bound_rises_with_k_and_stays_under_the_exact_log_likelihood",
            ),
            "iwae_deep": (
                "iwae_deep",
                "the_two_layers_reach_the_closed_form_of_a_linear_model",
            ),
            "wake_sleep": ("wake_sleep", "each_phase_moves_its_own_player_only"),
            "iwae_dreg": ("iwae", "dreg_has_the_same_mean_and_less_variance"),
            "miwae": ("miwae", "imputed_means_are_the_closed_form_of_a_linear_gaussian_model"),
        },
        "variational, other priors and posteriors": {
            "mixture_vae": ("other_priors", "is_the_standard_vae_in_its_limit"),
            "vamp_vae": ("other_priors", "is_the_standard_vae_in_its_limit"),
            "student_vae": ("other_priors", "is_the_standard_vae_in_its_limit"),
            "skew_vae": ("other_priors", "is_the_standard_vae_in_its_limit"),
            "planar_vae": ("other_priors", "is_the_standard_vae_in_its_limit"),
            "iaf_vae": ("other_priors", "is_the_standard_vae_in_its_limit"),
            "maf_prior_vae": ("other_priors", "is_the_standard_vae_in_its_limit"),
        },
        "matched codes": {
            "wae_mmd": ("matched_codes", "codes_come_to_the_prior"),
            "info_vae": ("matched_codes", "codes_come_to_the_prior"),
            "adversarial_autoencoder": (
                "two_players",
                "the_discriminators_step_leaves_the_autoencoder_untouched",
            ),
        },
        "disentangling": {
            "factor_vae": ("two_players", "the_density_ratio_finds_the_total_correlation"),
            "beta_tc_vae": (
                "matched_codes",
                "beta_tc_weighs_the_total_correlation_down",
            ),
            "dip_vae": ("matched_codes", "dip_takes_the_covariance_to_the_identity"),
        },
        "discrete codes": {
            "vq_vae": (
                "latents/quantised/test_quantised",
                "straight_through_gradient_is_the_identitys",
            ),
            "fsq": ("latents/quantised/test_quantised", "fsq_bounds_levels_and_index"),
            "compressive": (
                "compressive",
                "bits_of_the_density_are_bytes_that_are_written",
            ),
            "gumbel_vae": (
                "latents/quantised/test_quantised",
                "gumbel_softmax_goes_to_one_hot_samples_of_q",
            ),
        },
        "inpainting": {
            "context_encoder": (
                "context_encoder",
                "the_loss_sees_the_hole_and_its_band_only",
            ),
            "context_encoder_adversarial": (
                "context_encoder",
                "a_players_step_leaves_the_other_untouched_bit_for_bit",
            ),
            "masked_autoencoder": (
                "masked_autoencoder",
                "only_visible_patches_reach_the_encoder",
            ),
        },
        "collaborative filtering": {
            "autorec": ("collaborative", "what_was_not_rated_is_not_learnt"),
            "mult_dae": ("collaborative", "a_user_is_ranked_by_the_direction_of_the_row_alone"),
            "mult_vae": ("collaborative", "held_out_items_are_found_better_than_by_popularity"),
        },
        "topics": {
            "prodlda": ("prodlda", "planted_topics_are_found"),
        },
        "sequence": {
            "seq2seq": ("seq2seq", "reverses_sequences_perfectly_on_a_toy_task"),
            "seq2seq_future": (
                "seq2seq",
                "the_future_never_reaches_the_encoder_and_the_past_never_the_loss",
            ),
            "seq2seq_composite": (
                "seq2seq",
                "composite_is_past_plus_future_from_one_code",
            ),
            "sentence_vae": (
                "sentence_vae",
                "annealing_and_word_dropout_keep_the_code_in_use",
            ),
        },
    }.items()
    for name, (file, test) in lines.items()
}

# What every model is asked for.
UNLISTED = "tests/contract/test_contract.py::test_training_stays_healthy_and_moves_the_parameters"


def _derived(name: str) -> Entry:
    """Returns a new model's entry: its neighbours' kind, and what every model is asked for."""
    place = lambda model: MODELS[model].__module__.rpartition(".")[0]
    near = [model for model in LISTED if place(model) == place(name)]
    return Entry(LISTED[near[0]].kind if near else "other", UNLISTED)


# All models. One that is not listed yet stands behind those that are.
ENTRIES: dict[str, Entry] = LISTED | {n: _derived(n) for n in MODELS if n not in LISTED}
