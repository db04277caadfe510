"""The parameters and buffers of a model by name."""


def state_of(model):
    """Parameters and buffers by name, those that `state_dict()` leaves out too, as independent CPU tensors."""
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    return {key: tensor.detach().cpu().clone().contiguous() for key, tensor in named}


def aliases_of(model):
    """The names that stand for a tensor already named (tied weights), each with the name that is kept."""
    first, aliases = {}, {}
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    for key, tensor in named:
        if tensor.numel() and first.setdefault(place := (tensor.data_ptr(), tensor.shape, tensor.stride()), key) != key:
            aliases[key] = first[place]
    return aliases


def tied(state, aliases):
    """What the state leaves out: the other names of tied weights, each with the tensor that it stands for."""
    return {alias: state[key] for alias, key in aliases.items() if key in state}
