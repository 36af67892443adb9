"""The six backbones. Each file knows how one package stores its weights and rebuilds the module that they belong to.

Every builder returns a module that maps `[N, 3, 224, 224]`, already normalised as that network wants it, to its last
feature grid `[N, E, h, w]`.
"""
