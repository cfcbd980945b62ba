"""The benchmark ``privacy``: a red team against pseudonymised stores."""
